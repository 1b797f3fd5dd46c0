/**
 * Cases that mostly wait (for a hold to lapse, for a pull to expire), run several at a time. They run in a hook, so that the
 * leak guard, which compares test by test, sees the end of all of them; each is reported as a test of its own.
 */
import { setTimeout as sleep } from 'node:timers/promises';

export interface Case {
  readonly title: string;
  run(): Promise<void>;
}

const LIMIT_MS = 120_000;

/** One after the other wherever a place is free. A case that hangs is given up and red; what it has open is for the leak guard to name. */
export function describeSeveral(title: string, cases: readonly Case[], atOnce: number): void {
  describe(title, () => {
    const failures = new Map<Case, unknown>();
    const seconds = new Map<Case, string>();

    before(async function () {
      this.timeout(cases.length * LIMIT_MS);
      const queue = [...cases];
      const place = async (): Promise<void> => {
        for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
          const start = performance.now();
          try {
            await inTime(next);
          } catch (error) {
            failures.set(next, error);
          }
          seconds.set(next, `${((performance.now() - start) / 1_000).toFixed(1)} s`);
        }
      };
      await Promise.all(Array.from({ length: atOnce }, place));
    });

    for (const one of cases) {
      it(one.title, () => {
        if (failures.has(one)) throw failures.get(one);
        if (!seconds.has(one)) throw new Error('it never ran');
      });
    }
  });
}

async function inTime({ run }: Case): Promise<void> {
  const isOver = new AbortController();
  const late = sleep(LIMIT_MS, undefined, { signal: isOver.signal }).then(() => {
    throw new Error(`it did not come to an end within ${LIMIT_MS / 1_000} s`);
  });
  try {
    await Promise.race([run(), late]);
  } finally {
    late.catch(() => undefined);
    isOver.abort();
  }
}
