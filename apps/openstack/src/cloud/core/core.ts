import type { ResolvedCloudOptions } from '../options.ts';
import { createBuildCounter } from './builds.ts';
import type { BuildCounter } from './builds.ts';
import { createCallFaults } from './call-faults.ts';
import type { CallFaults } from './call-faults.ts';
import { createCallLog } from './call-log.ts';
import type { CallLog } from './call-log.ts';
import type { CloudClock } from './clock.ts';
import { createLatencyBook } from './latency.ts';
import type { LatencyBook } from './latency.ts';
import { createRandom } from './random.ts';
import type { CloudRandom } from './random.ts';
import { createTokenLedger } from './token-ledger.ts';
import type { TokenLedger } from './token-ledger.ts';
import { createTransitionFaults } from './transition-faults.ts';
import type { TransitionFaults } from './transition-faults.ts';
import { createTransitions } from './transitions.ts';
import type { Transitions } from './transitions.ts';

/** What all models of the cloud share: time, chance, faults and the books in which everything is written down. */
export interface CloudCore {
  readonly clock: CloudClock;
  readonly random: CloudRandom;
  readonly latency: LatencyBook;
  readonly transitions: Transitions;
  readonly transitionFaults: TransitionFaults;
  readonly callFaults: CallFaults;
  readonly builds: BuildCounter;
  readonly tokens: TokenLedger;
  readonly calls: CallLog;
  /** A fresh identity for an object: its id, its latencies and its place in listings. */
  identify(kind: string, name: string): ObjectIdentity;
}

export interface ObjectIdentity {
  readonly id: string;
  readonly drawKey: string;
  /** Grows with every object of the cloud: creation times have too coarse a grain to sort by. */
  readonly sequence: number;
}

export function createCore(options: ResolvedCloudOptions): CloudCore {
  const { clock, timeFactor } = options;
  const random = createRandom(options.seed);
  const latency = createLatencyBook({ random, base: options.latencies, jitter: options.jitter, timeFactor });
  const transitionFaults = createTransitionFaults();
  const namesakes = new Map<string, number>();
  let sequence = 0;
  return {
    clock,
    random,
    latency,
    transitionFaults,
    transitions: createTransitions({ clock, latency, faults: transitionFaults, timeFactor }),
    callFaults: createCallFaults(clock),
    builds: createBuildCounter(clock, options.buildLimits, options.logCapacity),
    tokens: createTokenLedger(),
    calls: createCallLog(options.logCapacity),
    identify(kind, name) {
      const key = `${kind}/${name}`;
      const namesake = (namesakes.get(key) ?? 0) + 1;
      namesakes.set(key, namesake);
      sequence += 1;
      const drawKey = `${key}#${namesake}`;
      return { id: random.uuid('id', drawKey), drawKey, sequence };
    },
  };
}
