/**
 * Faults of the ports, drawn from a seed or counted. Every call of a port is shown to one function that says what
 * becomes of it; so a test can make the n-th call fail for n = 1, 2, 3 … until the scenario passes untouched.
 */
import type { SeededRandom } from './seeded-random.ts';

export interface PortCall {
  /** Counts the calls of the whole broker, from 1. */
  readonly n: number;
  /** The process that calls. */
  readonly client: string;
  /** `records.commit`, `effects.task`, `resources.write`, … */
  readonly name: string;
  /** Whether it changes anything that outlives the process. */
  readonly writes: boolean;
}

/**
 * `fail`: nothing is done and the caller hears `unavailable`. `loseAck`: it is done, and the caller hears the same.
 * `crash`: it is done, and the process that called dies before it hears anything. `crashBefore`: it dies first.
 */
export type Fault = 'none' | 'fail' | 'loseAck' | 'crash' | 'crashBefore';

export type Faults = (call: PortCall) => Fault;

export const noFaults: Faults = () => 'none';

/** The n-th call that `counts` gets this fault, every other none. `fired` tells whether there were so many. */
export function faultAt(
  n: number,
  fault: Fault,
  counts: (call: PortCall) => boolean = (call) => call.writes,
): Faults & { readonly fired: boolean } {
  let seen = 0;
  const faults = (call: PortCall): Fault => {
    if (!counts(call)) return 'none';
    seen++;
    return seen === n ? fault : 'none';
  };
  return Object.defineProperty(faults, 'fired', { get: () => seen >= n }) as Faults & { readonly fired: boolean };
}

export interface FaultRates {
  readonly fail?: number;
  readonly loseAck?: number;
  readonly crash?: number;
}

/** Each call is hit with these probabilities; crashes and lost acknowledgements hit writes only. */
export function seededFaults(random: SeededRandom, rates: FaultRates): Faults {
  const { fail = 0, loseAck = 0, crash = 0 } = rates;
  return (call) => {
    const drawn = random.next();
    if (drawn < fail) return 'fail';
    if (!call.writes) return 'none';
    if (drawn < fail + loseAck) return 'loseAck';
    if (drawn < fail + loseAck + crash / 2) return 'crash';
    return drawn < fail + loseAck + crash ? 'crashBefore' : 'none';
  };
}

/**
 * Runs a scenario with the fault at its first call, then at its second, and so on, until a run has fewer calls than
 * that. Returns how many runs were hit. Throws what a run throws, with the number of the call before it.
 */
export async function faultEverywhere(
  fault: Fault,
  run: (faults: Faults) => Promise<void>,
  options: { readonly counts?: (call: PortCall) => boolean; readonly limit?: number } = {},
): Promise<number> {
  const limit = options.limit ?? 10_000;
  for (let n = 1; n <= limit; n++) {
    const faults = faultAt(n, fault, options.counts);
    try {
      await run(faults);
    } catch (cause) {
      throw new Error(`${fault} at call ${n}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    }
    if (!faults.fired) return n - 1;
  }
  throw new Error(`the scenario still reaches its call ${limit}: it does not come to an end`);
}
