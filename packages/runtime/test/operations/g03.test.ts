// needs TEST_NATS_URL
import { attempt, chain, child, createExecutor, nothing, step, wait } from '@troupe/executor';
import { Fatal } from '@troupe/task';
import { expect } from 'chai';
import { act, free, hang, onThing, quick, startOperations, Thing } from './kit.ts';

const s = (id: string) => step(id, act, {});
const thing = (id: string) => ({ kind: 'thing', id });

describe('G3 every end of a child counts', () => {
  for (const [how, plan, provoke, code] of [
    ['that failed', s('bad'), undefined, 'broken'],
    ['whose result is too large to be kept', s('big'), undefined, 'output_too_large'],
    ['whose attempt ran past its limit', step('slow', quick, {}), undefined, 'step_timeout'],
    ['that ran past its deadline', wait('signal', { signal: 'never', deadline: '200ms' }), undefined, 'deadline_exceeded'],
    ['that an operator cancelled', s('hangs'), 'cancel', 'cancelled'],
    ['that an operator killed', s('hangs'), 'kill', 'killed'],
    [
      'whose resource an operator removed',
      chain(wait('signal', { signal: 'go', deadline: '1h' }), step('writes', act, {}, { runtimeState: { during: 'x' } })),
      'vanish',
      'resource_gone',
    ],
  ] as const) {
    it(`${how}: the parent gets a typed error, or goes on by its policy; nobody is left without an owner`, async () => {
      const inner = onThing('inner', plan);
      const plainly = free('plainly', child('c', 'inner', { resource: thing('p') }));
      const tolerant = free(
        'tolerant',
        chain(attempt({ body: child('c', 'inner', { resource: thing('t') }), catch: [{ code, do: nothing() }] }), s('after')),
      );
      await using all = await startOperations({ executors: [inner, plainly, tolerant] });
      all.does((of, context) => {
        if (of === 'bad') throw new Fatal('broken', { code: 'broken' });
        if (of === 'big') return 'x'.repeat(400_000);
        return of === 'hangs' || of === 'slow' ? hang(context) : null;
      });
      await all.startAll();
      for (const [executor, id] of [
        ['plainly', 'p'],
        ['tolerant', 't'],
      ] as const) {
        const ref = await all.thing(id);
        const childId = executor === 'plainly' ? `${id}.0` : `${id}.0.0.0`;
        await all.client.execute({ executor, id });
        if (provoke !== undefined) await all.seen(childId, 'the child is under way', (view) => view.current.length > 0);
        if (provoke === 'cancel') await all.client.cancel(childId);
        else if (provoke === 'kill') await all.client.kill(childId);
        else if (provoke === 'vanish') {
          const { epoch } = (await all.store.get(ref))!;
          await all.store.write(
            { op: 'take', ref, operation: 'operator', from: [], seize: true, set: {} },
            { turn: 1e9, effect: `seize ${id}` },
          );
          await all.store.write({ op: 'remove', ref, operation: 'operator', epoch: epoch + 1 }, { turn: 1e9 + 1, effect: `remove ${id}` });
          await all.client.signal(childId, 'go');
        }
        const end = await all.end(id);
        if (executor === 'tolerant') expect(end).to.include({ outcome: 'succeeded' });
        else {
          expect(end.outcome).to.equal('failed');
          expect(end.error?.code).to.equal('child_failed');
          expect(JSON.stringify(end.error?.cause)).to.contain(`"code":"${code}"`);
        }
        expect((await all.client.operation(childId))?.status).to.equal('ended');
        const left = await all.store.get(ref);
        if (left !== undefined) expect(left).to.deep.include({ state: 'ERRED', currentOperation: null });
      }
    }).timeout(30_000);
  }

  it('that was never accepted: the parent hears why', async () => {
    const inner = createExecutor({ name: 'inner', family: 'update', resource: Thing, plan: () => nothing() });
    await using all = await startOperations({ executors: [inner, free('outer', child('c', 'inner', { resource: thing('t') }))] });
    await all.startAll();
    await all.client.execute({ executor: 'outer', id: 'o' });
    const end = await all.end('o');
    expect(end.error?.code).to.equal('child_failed');
    expect(end.error?.cause).to.include({ code: 'unknown_resource' });
  });
});
