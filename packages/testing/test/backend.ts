/** A backend and its handlers, as plain as can be: objects under names, calls and builds that take time, a count of what it builds at once. */
import { sleep } from '@troupe/actor';
import { defineTask, handle, type Handler, withPatch } from '@troupe/task';
import { createSeededRandom, type HandlerSurroundings } from '@troupe/testing';
import { z } from 'zod';

const found = z.object({ id: z.string() });

export const tasks = {
  create: defineTask({ name: 'create', pool: 'test', idempotent: 'token', input: z.object({ size: z.number() }), output: found }),
  look: defineTask({ name: 'look', pool: 'test', idempotent: 'yes', input: found }),
  remove: defineTask({ name: 'remove', pool: 'test', idempotent: 'yes', input: found }),
  work: defineTask({ name: 'work', pool: 'test', idempotent: 'yes' }),
  /** May not happen twice, and whether it has can be seen. */
  charge: defineTask({ name: 'charge', pool: 'test', idempotent: 'no' }),
};

interface Thing {
  readonly readyAt: number;
}

export interface Backend {
  readonly things: Map<string, Thing>;
  /** Every effect on the backend, in order. */
  readonly calls: string[];
  /** Most things that were being built at once. */
  readonly mostBuilding: number;
  /** Called at the start of a task; may throw. */
  on(task: keyof typeof tasks, run: (() => void) | undefined): void;
  handlers(around: HandlerSurroundings): readonly Handler[];
}

export interface BackendOptions {
  /** A build takes up to so long. Default 30 000. */
  readonly buildMs?: number;
  /** A call takes up to so long. Default 500. */
  readonly callMs?: number;
  readonly seed?: number;
}

export function createBackend(options: BackendOptions = {}): Backend {
  const { buildMs = 30_000, callMs = 500 } = options;
  const random = createSeededRandom(options.seed ?? 1).fork('backend');
  const things = new Map<string, Thing>();
  const calls: string[] = [];
  const charged = new Set<string>();
  const overruled = new Map<string, () => void>();
  let mostBuilding = 0;

  return {
    things,
    calls,
    get mostBuilding() {
      return mostBuilding;
    },
    on(task, run) {
      if (run === undefined) overruled.delete(task);
      else overruled.set(task, run);
    },
    handlers({ clock }) {
      const call = async (task: string): Promise<void> => {
        await sleep(clock, 1 + random.int(callMs));
        overruled.get(task)?.();
      };
      return [
        handle(tasks.create, async (_input, { idempotencyToken }) => {
          await call('create');
          // the token is the client's name for the thing: a second call finds it
          const id = `b-${idempotencyToken}`;
          if (!things.has(id)) {
            calls.push(`create ${id}`);
            things.set(id, { readyAt: clock.now() + buildMs / 2 + random.int(buildMs / 2) });
            mostBuilding = Math.max(mostBuilding, [...things.values()].filter((thing) => thing.readyAt > clock.now()).length);
          }
          return withPatch({ id }, { backendId: id, runtimeState: 'creating' });
        }),
        handle(tasks.look, async ({ id }) => {
          await call('look');
          const thing = things.get(id);
          const state = thing === undefined ? 'error' : thing.readyAt <= clock.now() ? 'available' : 'creating';
          return withPatch(null, { runtimeState: state });
        }),
        handle(tasks.remove, async ({ id }) => {
          await call('remove');
          if (things.delete(id)) calls.push(`remove ${id}`);
          return null;
        }),
        handle(tasks.work, async () => {
          await call('work');
          return { worked: true };
        }),
        handle(tasks.charge, {
          async run(_input, { idempotencyToken }) {
            await call('charge');
            charged.add(idempotencyToken);
            calls.push(`charge ${idempotencyToken}`);
            return { charged: true };
          },
          async reconcile(_input, { idempotencyToken }) {
            await call('reconcile');
            return charged.has(idempotencyToken) ? { found: { charged: true } } : { found: false };
          },
        }),
      ];
    },
  };
}
