import {
  createDayModel,
  createDayProviders,
  dayApp,
  dayDefaults,
  dayEntries,
  dayFamilies,
  type DayReport,
  type DayTally,
  describeDay,
  isGoodDay,
  runDay,
  startInstallation,
} from '@troupe/openstack/internal';
import { needsNats } from '@troupe/test-infra';
import { expect } from 'chai';

const model = createDayModel({ ...dayDefaults, factor: 28_800, tenants: 8 });
const tally = (): DayTally => ({ runs: 0, calls: 0, failed: { error: 0, outage: 0 }, alive: 0, most: 0, twice: [] });
const times = (ms: readonly number[], failed: readonly string[] = []) => ({
  ms: new Map(dayFamilies.map((family) => [family, [...ms]])),
  failed: [...failed],
});
const report = (more: Partial<DayReport> = {}): DayReport => ({
  tally: tally(),
  told: { ran: 1, skippedOverlap: 0, skippedPenalty: 0, coalesced: 0, missed: 0 },
  alone: times([1_010, 1_020, 1_030]),
  beside: times([2_020, 2_030, 2_040]),
  peak: { instance: 1, volume: 2 },
  refused: 0,
  limit: 4,
  doubled: 0,
  held: 0,
  ...more,
});

describe('a day of a broker', () => {
  it('has 77 entries, each with a name of its own', () => {
    expect(dayEntries).to.have.lengthOf(77);
    expect(new Set(dayEntries.map(({ key }) => key)).size).to.equal(77);
  });

  it('has one call in a hundred end with an error, the same ones every time', () => {
    const errors = (): number[] => Array.from({ length: 10_000 }, (_, n) => n).filter((n) => model.isError(n));
    expect(errors()).to.deep.equal(errors());
    expect(errors()).to.have.lengthOf.within(50, 150);
    expect(createDayModel({ ...model, seed: 2 }).isError(errors()[0]!)).to.equal(false);
    expect([model.callMs, createDayModel({ ...model, factor: 10 }).callMs]).to.deep.equal([20, 165]);
  });

  it('was a good one if nothing ran twice, all ended well, no limit was passed, and users did not notice', () => {
    expect(isGoodDay(report())).to.equal(true);
    expect(isGoodDay(report({ tally: { ...tally(), twice: ['x'] } }))).to.equal(false);
    expect(isGoodDay(report({ beside: times([1_000], ['it failed']) }))).to.equal(false);
    for (const passed of [{ refused: 1 }, { peak: { instance: 1, volume: 5 } }, { doubled: 1 }, { held: 1 }])
      expect(isGoodDay(report(passed)), JSON.stringify(passed)).to.equal(false);
    const slow = report({ beside: times([2_280, 2_300, 2_400]) });
    expect(isGoodDay(slow)).to.equal(false);
    expect(describeDay(model, slow)).to.match(/^F15 tenant delete +3 +1020 +3 +2300 +2400 +2400 {2}NOTICED$/m);
  });

  it('C5 S4 compressed to three seconds: its entries are run, none twice at a time, and users come to their ends beside it', async function () {
    await needsNats.call(this);
    this.timeout(300_000);
    let seen = tally();
    const providers = createDayProviders(model);
    await using installation = await startInstallation({
      quicker: 50,
      extend(base) {
        const { app, tally: counted } = dayApp(base, model, providers);
        seen = counted;
        return app;
      },
    });
    const day = await runDay(installation, model, { tally: seen, providers }, 1);
    expect(day.tally.twice).to.deep.equal([]);
    expect([...day.alone.failed, ...day.beside.failed]).to.deep.equal([]);
    expect([...day.alone.ms.keys()]).to.have.members([...dayFamilies]);
    expect([...day.beside.ms.keys()]).to.have.members([...dayFamilies]);
    expect(day).to.include({ refused: 0, doubled: 0, held: 0 });
    expect(day.tally.calls).to.be.above(100);
    // those that come first at nine, at ten or later may be to come, and a failed one is passed over for a while
    expect(day.told.ran).to.be.at.least(dayEntries.length - 5);
    expect(day.tally.runs).to.be.at.least(dayEntries.length + 4 * model.tenants);
    expect(day.tally.most, 'no more than the class may have').to.be.at.most(16);
  });
});
