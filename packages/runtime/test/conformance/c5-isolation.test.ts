// needs TEST_NATS_URL
import { createClient } from '@troupe/client';
import { attempt, chain, createExecutor, step } from '@troupe/executor';
import { connectRuntime, defineApp, startSupervisor, startThrottle, startWorker } from '@troupe/runtime';
import { defineTask, Fatal, handle, slotDefaults } from '@troupe/task';
import { until } from '@troupe/test-infra';
import { expect } from 'chai';

const PULLS = 1_000;
const OPERATIONS = 40;
/** Far more than it takes on a busy machine, far less than a pull hangs. */
const BOUND_MS = 8_000;

const pull = defineTask({ name: 'pull', class: 'background', idempotent: 'yes', timeLimit: '10m' });
const act = defineTask({ name: 'act', idempotent: 'yes' });
const refuse = defineTask({ name: 'refuse', idempotent: 'yes' });

/** By the id of the operation. */
interface Seen {
  readonly started: Map<string, number>;
  readonly last: Map<string, number>;
}

function appOf(hanging: Set<string>, { started, last }: Seen) {
  const note = (operation: string): void => {
    if (!started.has(operation)) started.set(operation, performance.now());
    last.set(operation, performance.now());
  };
  return defineApp({
    name: 'isolation',
    executors: [
      createExecutor({ name: 'works', family: 'free', plan: () => chain(step('a', act, {}), step('b', act, {})) }),
      createExecutor({
        name: 'fails',
        family: 'free',
        plan: () => attempt({ body: step('a', refuse, {}), finally: step('mark', act, {}) }),
      }),
    ],
    tasks: [pull, act, refuse],
    handlers: () => [
      handle(pull, (_, { idempotencyToken: id, signal }) => {
        hanging.add(id);
        return new Promise<never>((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason as Error));
        });
      }),
      handle(act, (_, { operation }) => note(operation!)),
      handle(refuse, (_, { operation }) => {
        note(operation!);
        throw new Fatal('no');
      }),
    ],
  });
}

async function setup() {
  const connection = { servers: process.env['TEST_NATS_URL']! };
  const ns = `isolation-${process.pid}`;
  const shape = { storage: 'memory', maxLogBytes: 4_194_304, partitions: 2 } as const;
  const runtime = await connectRuntime({ connection, ns, applyTopology: true, ...shape });
  const hanging = new Set<string>();
  const seen: Seen = { started: new Map(), last: new Map() };
  const app = appOf(hanging, seen);
  const roles = [await startThrottle(runtime, app), await startSupervisor(runtime, app), await startWorker(runtime, app, { graceMs: 50 })];
  const client = createClient(connection, { ns });
  await client.start();
  return {
    client,
    hanging,
    seen,
    async waiting(): Promise<number> {
      const info = await runtime.nc.request(`$JS.API.STREAM.INFO.${runtime.subjects.streams.tasks}`, '');
      return info.json<{ state: { messages: number } }>().state.messages;
    },
    async [Symbol.asyncDispose]() {
      await client.stop();
      for (const role of roles.toReversed()) await role.stop();
      await runtime.stop();
    },
  };
}

describe('C5 isolation', () => {
  it('C5 S4: a thousand background pulls that hang delay neither the start of a regular step nor an end', async () => {
    await using s = await setup();
    await Promise.all(Array.from({ length: PULLS }, (_, n) => s.client.sendTask(pull, null, { id: `pull-${n}` })));
    await until('they have all slots that they may have', () => s.hanging.size >= slotDefaults.background.ceiling, 20_000);
    expect(await s.waiting()).to.equal(PULLS);

    const worst = { start: 0, end: 0 };
    const one = async (n: number): Promise<void> => {
      const id = `o-${n}`;
      const sent = performance.now();
      const operation = await s.client.execute({ executor: n % 2 === 0 ? 'works' : 'fails', id });
      const { outcome } = await operation.ended({ signal: AbortSignal.timeout(2 * BOUND_MS) });
      expect(outcome).to.equal(n % 2 === 0 ? 'succeeded' : 'failed');
      worst.start = Math.max(worst.start, s.seen.started.get(id)! - sent);
      worst.end = Math.max(worst.end, performance.now() - s.seen.last.get(id)!);
    };
    for (let n = 0; n < OPERATIONS; n += 10) await Promise.all(Array.from({ length: 10 }, (_, i) => one(n + i)));
    expect(worst.start, 'from the order to the start of its first step').to.be.below(BOUND_MS);
    expect(worst.end, 'from the return of its last step to its end').to.be.below(BOUND_MS);
    // it was beside them that this was done
    expect([s.hanging.size, await s.waiting()]).to.deep.equal([slotDefaults.background.ceiling, PULLS]);
  }).timeout(90_000);
});
