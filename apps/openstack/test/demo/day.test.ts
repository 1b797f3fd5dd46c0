import {
  createDayModel,
  dayApp,
  dayDefaults,
  dayEntries,
  type DayReport,
  type DayTally,
  describeDay,
  isGoodDay,
  runDay,
  startInstallation,
} from '@troupe/openstack/internal';
import { needsNats } from '@troupe/test-infra';
import { expect } from 'chai';

const model = createDayModel({ ...dayDefaults, factor: 14_400, tenants: 8 });
const tally = (): DayTally => ({ begunAt: 0, runs: 0, calls: 0, failed: { error: 0, outage: 0 }, alive: 0, most: 0, twice: [] });
const times = (ms: readonly number[], failed = 0) => ({ ms: new Map([['volume', [...ms]]]), failed });
const report = (more: Partial<DayReport> = {}): DayReport => ({
  tally: tally(),
  told: { ran: 1, skippedOverlap: 0, skippedPenalty: 0, coalesced: 0, missed: 0 },
  alone: times([10, 20, 30]),
  beside: times([20, 30, 40]),
  ...more,
});

describe('a day of a broker', () => {
  it('has 77 entries, each with a name of its own', () => {
    expect(dayEntries).to.have.lengthOf(77);
    expect(new Set(dayEntries.map(({ key }) => key)).size).to.equal(77);
  });

  it('answers the same every time, one call in a hundred with an error, and not at all from one provider at noon', () => {
    const noon = model.dayMs / 2;
    const calls = (from: number) => Array.from({ length: 10_000 }, (_, n) => model.call(n % 3, n, from));
    expect(calls(0)).to.deep.equal(calls(0));
    const fails = (of: ReturnType<typeof calls>, what: string): number => of.filter((one) => one.fails === what).length;
    expect([fails(calls(0), 'outage'), fails(calls(noon), 'outage')]).to.deep.equal([0, 3_333]);
    expect(fails(calls(0), 'error')).to.be.within(50, 150);
    expect(Math.min(...calls(0).map(({ ms }) => ms))).to.equal(20);
  });

  it('was a good one if nothing ran twice, all ended well, and users did not notice', () => {
    expect(isGoodDay(report())).to.equal(true);
    expect(isGoodDay(report({ tally: { ...tally(), twice: ['x'] } }))).to.equal(false);
    expect(isGoodDay(report({ beside: times([20, 30, 40], 1) }))).to.equal(false);
    expect(isGoodDay(report({ beside: times([30, 50, 60]) }))).to.equal(false);
    expect(describeDay(model, report({ beside: times([30, 50, 60]) }))).to.include('50 ms, slowest 60; alone 20 ms, slowest 30');
  });

  it('compressed to six seconds: its entries are run, none twice at a time, and users come to their ends beside it', async function () {
    await needsNats.call(this);
    this.timeout(90_000);
    let seen = tally();
    await using installation = await startInstallation({
      quicker: 20,
      extend(base) {
        const { app, tally: counted } = dayApp(base, model);
        seen = counted;
        return app;
      },
    });
    const day = await runDay(installation, model, seen, 2);
    expect(day.tally.twice).to.deep.equal([]);
    expect(day.alone.failed + day.beside.failed).to.equal(0);
    expect([...day.beside.ms.keys()]).to.have.members(
      ['volume.create', 'volume.delete', 'instance.stop', 'instance.start'].map((name) => `openstack.${name}`),
    );
    // those that come first at nine, at ten or later may be to come, and a failed one is passed over for a while
    expect(day.told.ran).to.be.at.least(dayEntries.length - 5);
    expect(day.tally.runs).to.be.at.least(dayEntries.length + 4 * model.tenants);
    expect(day.tally.most, 'no more than the class may have').to.be.at.most(16);
  });
});
