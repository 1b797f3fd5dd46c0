import { expect } from 'chai';
import { createBench, hourly } from './bench.ts';

describe('a schedule that the code of an app defines', () => {
  it('is not changed by the same code again, and keeps what people have changed', () => {
    const bench = createBench();
    bench.byCode('shop', hourly());
    bench.define(hourly({ penaltyCap: 1 }));
    bench.byCode('shop', hourly());
    expect(bench.root.definition).to.include({ penaltyCap: 1 });
    expect(bench.explain().code).to.deep.equal({ app: 'shop', isChanged: true });
    bench.byCode('shop', hourly({ penaltyCap: 2 }));
    expect(bench.root.definition).to.include({ penaltyCap: 2 });
    expect(bench.explain().code).to.deep.equal({ app: 'shop', isChanged: false });
  });

  it('is refused to another app, by name, until people have deleted it', () => {
    const bench = createBench();
    bench.byCode('shop', hourly());
    bench.byCode('mall', hourly({ penaltyCap: 1 }));
    expect(bench.root.code!.app).to.equal('shop');
    expect(bench.events.at(-1)).to.deep.nested.include({ what: 'refused', 'body.error.code': 'duplicate_name' });
    bench.verb('delete');
    bench.byCode('mall', hourly({ penaltyCap: 1 }));
    expect(bench.root).to.deep.nested.include({ status: 'active', 'code.app': 'mall' });
  });

  it('is ended by its own app alone, and not by people, who only delete it', () => {
    const bench = createBench();
    bench.byCode('shop', hourly());
    bench.byCode('mall', undefined);
    expect(bench.root.status).to.equal('active');
    bench.verb('delete');
    expect([bench.root.status, bench.ended]).to.deep.equal(['deleted', 0]);
    bench.byCode('shop', hourly());
    expect(bench.root.status).to.equal('deleted');
    bench.byCode('shop', undefined);
    expect(bench.ended).to.equal(1);
  });

  it('is one that people define when the app is named by people', () => {
    const bench = createBench();
    bench.verb('define', { definition: hourlyDefinition(), app: 'shop' });
    expect(bench.root).not.to.have.property('code');
  });
});

function hourlyDefinition() {
  const bench = createBench();
  bench.define(hourly());
  return bench.root.definition as never;
}
