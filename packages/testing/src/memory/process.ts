/**
 * A process that can be killed inside another one. Whatever it does goes through `call`; once it is dead, its calls
 * never return, its timers never fire and its acknowledgements are not heard, as after a kill -9.
 */
import type { Clock } from '@troupe/actor';
import { TroupeError } from '@troupe/protocol';
import type { Faults } from '../faults.ts';
import type { SeededRandom } from '../seeded-random.ts';
import { travel } from './travel.ts';

export interface MemoryProcess {
  readonly name: string;
  readonly alive: boolean;
  /** The clock as this process has it. */
  readonly clock: Clock;
  kill(): void;
  onKill(run: () => void): void;
  /** One call of a port. `run` is the act itself, done in one go; faults and latency lie around it. */
  call<T>(name: string, writes: boolean, run: () => T): Promise<T>;
  /** A copy by way of JSON; what does not survive it is a defect, whatever the caller does with the error. */
  travel<T>(value: T, what: string): T;
}

/** What the processes of one broker share. */
export interface ProcessSurroundings {
  readonly clock: Clock;
  readonly random: SeededRandom;
  readonly faults: Faults;
  /** A call takes up to so long, drawn per call; 0 = it returns at once. */
  readonly latencyMs: number;
  nextCall(): number;
  /** Hears of every defect: what a port was given that no wire could carry, or what should be impossible. */
  defect(error: unknown): void;
}

export function createProcess(name: string, around: ProcessSurroundings): MemoryProcess {
  let alive = true;
  const listeners: (() => void)[] = [];
  const never = <T>(): Promise<T> => new Promise<T>(() => undefined);
  const kill = (): void => {
    if (!alive) return;
    alive = false;
    for (const run of listeners) run();
  };

  return {
    name,
    get alive() {
      return alive;
    },
    clock: {
      now: () => around.clock.now(),
      monotonic: () => around.clock.monotonic(),
      setTimer: (ms, callback) =>
        around.clock.setTimer(ms, () => {
          if (alive) callback();
        }),
    },
    kill,
    onKill: (run) => void listeners.push(run),
    travel(value, what) {
      try {
        return travel(value, what);
      } catch (error) {
        around.defect(error);
        throw error;
      }
    },
    async call(call, writes, run) {
      if (!alive) return never();
      if (around.latencyMs > 0) {
        const ms = around.random.int(around.latencyMs + 1);
        await new Promise<void>((resolve) => void around.clock.setTimer(ms, resolve));
        if (!alive) return never();
      }
      const fault = around.faults({ n: around.nextCall(), client: name, name: call, writes });
      if (fault === 'crashBefore') {
        kill();
        return never();
      }
      if (fault === 'fail') throw unavailable(call, 'was not done');
      let result;
      try {
        result = run();
      } catch (error) {
        around.defect(error);
        throw error;
      }
      if (fault === 'crash') {
        kill();
        return never();
      }
      if (fault === 'loseAck') throw unavailable(call, 'was done, and its acknowledgement lost');
      return result;
    },
  };
}

function unavailable(call: string, what: string): TroupeError {
  return new TroupeError('unavailable', `${call} ${what}`, { retryable: true });
}
