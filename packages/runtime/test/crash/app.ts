/** One operation that holds everything that may be cut in half: a chain, a group, polls and a throttled node over one resource. */
import { chain, createExecutor, group, poll, step, throttled } from '@troupe/executor';
import { defineKind } from '@troupe/resource';
import { type App, defineApp } from '@troupe/runtime';
import { defineTask, handle, withPatch } from '@troupe/task';

export const Machine = defineKind({ kind: 'machine' });
const make = defineTask({ name: 'make', idempotent: 'token' });
const look = defineTask({ name: 'look', idempotent: 'yes' });

export const createMachine = createExecutor({
  name: 'machine.create',
  family: 'create',
  resource: Machine,
  plan: () =>
    chain(
      throttled(
        { scope: 'backend', need: { machine: 1 } },
        step('make', make, { what: 'machine' }, { transition: 'beginCreating' }),
        poll('ready', look, { until: { runtimeState: ['available'] }, every: '50ms', for: '1m' }),
      ),
      group({ policy: 'waitAll' }, step('left', make, { what: 'left' }), step('right', make, { what: 'right' })),
      step('last', make, { what: 'last' }),
    ),
});

export function crashApp(ledger: string): App {
  let looks = 0;
  return defineApp({
    name: 'crash',
    executors: [createMachine],
    tasks: [make, look],
    limits: { default: 1 },
    handlers: () => [
      handle(make, async (_input, context) => {
        // looks for its object by the token first, as a backend without client tokens demands
        const found = await fetch(`${ledger}/${encodeURIComponent(context.idempotencyToken)}`);
        if (found.status === 404) await fetch(`${ledger}/${encodeURIComponent(context.idempotencyToken)}`, { method: 'POST' });
        return { made: context.idempotencyToken };
      }),
      handle(look, () => withPatch(null, { runtimeState: ++looks % 3 === 0 ? 'available' : 'building' })),
    ],
  });
}
