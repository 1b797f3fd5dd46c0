import { createDayModel, createDayProviders, dayDefaults, type DayModel, type DayProviders } from '@troupe/openstack/internal';
import { expect } from 'chai';

const short = createDayModel({ ...dayDefaults, factor: 14_400 });

async function started(more: Partial<DayModel> = {}): Promise<DayProviders & AsyncDisposable> {
  const providers = createDayProviders({ ...short, isError: () => false, ...more });
  await providers.start();
  return { ...providers, [Symbol.asyncDispose]: () => providers.stop() };
}

const patient = (): AbortSignal => new AbortController().signal;

describe('the providers of a day', () => {
  it('answer over HTTP, whatever list is asked for', async () => {
    await using providers = await started();
    for (let n = 0; n < 7; n++) expect(await providers.look(n % 3, n, patient())).to.equal('ok');
  });

  it('answer a call that is to come to an error with one', async () => {
    await using providers = await started({ isError: (n) => n === 2 });
    expect([
      await providers.look(1, 1, patient()),
      await providers.look(1, 2, patient()),
      await providers.look(1, 3, patient()),
    ]).to.deep.equal(['ok', 'error', 'ok']);
  });

  it('at noon one takes calls and answers none, while the others answer', async () => {
    await using providers = await started({ outage: { startsAtMs: 0, forMs: 600_000 } });
    providers.begin();
    let silent = 'ok';
    while (silent === 'ok') silent = await providers.look(2, 0, AbortSignal.timeout(1_000));
    expect(silent).to.equal('outage');
    expect([await providers.look(0, 1, patient()), await providers.look(1, 2, patient())]).to.deep.equal(['ok', 'ok']);
  });

  it('it answers again when its time is over', async () => {
    await using providers = await started({ outage: { startsAtMs: 0, forMs: 1 } });
    providers.begin();
    // each takes longer than noon is away
    for (let n = 0; n < 5; n++) await providers.look(2, n, AbortSignal.timeout(1_000));
    let outcome = 'outage';
    while (outcome !== 'ok') outcome = await providers.look(2, 0, AbortSignal.timeout(1_000));
  });
});
