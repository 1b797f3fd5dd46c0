// needs TEST_NATS_URL
import { attempt, chain, child, group, step, throttled } from '@troupe/executor';
import { Fatal } from '@troupe/task';
import { until } from '@troupe/test-infra';
import { expect } from 'chai';
import { act, free, onThing, startOperations } from './kit.ts';

const s = (id: string) => step(id, act, {});

describe('G4 the error branch runs exactly once at each level, inner before outer', () => {
  it('operation, child, group, a leaf fails: every branch once, the resource marked, the lease freed', async () => {
    const inner = onThing(
      'inner',
      throttled(
        { scope: 'cloud', need: { thing: 1 } },
        attempt({
          body: group(
            { policy: 'waitAll' },
            s('good'),
            attempt({ body: s('leaf'), catch: [{ code: 'other', do: s('not-this') }], finally: s('member-finally') }),
          ),
          catch: [{ code: 'broken', do: chain(s('child-branch'), s('leaf-again')) }],
        }),
      ),
    );
    const outer = free(
      'outer',
      attempt({
        body: child('c', 'inner', { resource: { kind: 'thing', id: 't' } }),
        catch: [{ code: 'broken', do: s('outer-branch') }],
        finally: s('outer-finally'),
      }),
    );
    await using all = await startOperations({ executors: [inner, outer] });
    all.does((of) => {
      if (of.startsWith('leaf')) throw new Fatal('broken', { code: 'broken' });
      return null;
    });
    await all.startAll();
    const ref = await all.thing('t');
    await all.client.execute({ executor: 'outer', id: 'o' });
    // the outer branch has dealt with it
    expect(await all.end('o')).to.include({ outcome: 'succeeded' });
    expect(all.calls.filter((one) => one !== 'good')).to.deep.equal([
      'leaf',
      'member-finally',
      'child-branch',
      'leaf-again',
      'outer-branch',
      'outer-finally',
    ]);
    expect(await all.client.operation('o.0.0')).to.deep.include({ outcome: 'failed' });
    expect(await all.store.get(ref)).to.deep.include({ state: 'ERRED', currentOperation: null });
    await until('no lease is left', async () => (await all.tokens()) === 0);
  });
});
