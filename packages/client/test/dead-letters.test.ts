// needs TEST_NATS_URL
import { jetstream } from '@nats-io/jetstream';
import { type Client, createClient } from '@troupe/client';
import type { DeadLetter } from '@troupe/protocol';
import { expect } from 'chai';
import { createInstallation, type Installation, natsUrl, refusal } from './installation.ts';

async function setup(): Promise<
  { at: Installation; client: Client; bury(origin: string[], reason: string): Promise<void> } & AsyncDisposable
> {
  const at = await createInstallation();
  const client = createClient(natsUrl(), { ns: at.ns });
  return {
    at,
    client,
    async bury(origin, reason) {
      const letter: DeadLetter = {
        v: 1,
        reason,
        error: { code: reason, message: 'm' },
        attempts: 1,
        subject: 's',
        headers: { a: 'b' },
        body: '{}',
        at: 1,
      };
      await jetstream(at.nc).publish(at.subjects.dead(origin), JSON.stringify(letter));
    },
    async [Symbol.asyncDispose]() {
      await client.stop();
      await at[Symbol.asyncDispose]();
    },
  };
}

describe('dead letters', () => {
  it('are listed newest first, up to a limit, with their place', async () => {
    await using all = await setup();
    for (let i = 0; i < 5; i++) await all.bury(['command', 'x'], `r${i}`);
    const letters = await all.client.deadLetters({ limit: 3 });
    expect(letters.map(({ reason, sequence }) => [reason, sequence])).to.deep.equal([
      ['r4', 5],
      ['r3', 4],
      ['r2', 3],
    ]);
    expect(letters[0]).to.deep.include({ subject: 's', headers: { a: 'b' }, body: '{}', attempts: 1 });
  });

  it('are chosen by the first words of their origin', async () => {
    await using all = await setup();
    await all.bury(['command', 'x'], 'a');
    await all.bury(['mail', 'operation', 'o-1'], 'b');
    await all.bury(['mail', 'operation', 'o-2'], 'c');
    const reasons = async (origin: string[]): Promise<string[]> => (await all.client.deadLetters({ origin })).map(({ reason }) => reason);
    expect(await reasons(['mail'])).to.deep.equal(['c', 'b']);
    expect(await reasons(['mail', 'operation', 'o-1'])).to.deep.equal(['b']);
    expect(await reasons(['task'])).to.deep.equal([]);
  });

  it('of more than a page are all looked at', async () => {
    await using all = await setup();
    const bury = Array.from({ length: 600 }, (_, i) => () => all.bury(['command', 'x'], `r${i}`));
    while (bury.length > 0) await Promise.all(bury.splice(0, 100).map((one) => one()));
    const letters = await all.client.deadLetters({ limit: 20 });
    expect(letters.map(({ sequence }) => sequence)).to.deep.equal(Array.from({ length: 20 }, (_, i) => 600 - i));
  });

  it('that cannot be read are shown and hide no others', async () => {
    await using all = await setup();
    await all.bury(['command', 'x'], 'good');
    await jetstream(all.at.nc).publish(all.at.subjects.dead(['command', 'x']), 'not a letter');
    const [strange, good] = await all.client.deadLetters();
    expect(strange).to.include({ reason: 'malformed', body: 'not a letter', sequence: 2 });
    expect(good).to.include({ reason: 'good' });
  });

  it('of no sensible number are refused, naming the limit', async () => {
    await using all = await setup();
    for (const limit of [0, -1, 1.5, Infinity, Number.NaN]) {
      expect(await refusal(all.client.deadLetters({ limit })), String(limit)).to.include({ code: 'invalid_options', field: 'limit' });
      expect(await refusal(all.client.operations({ limit })), String(limit)).to.include({ code: 'invalid_options', field: 'limit' });
    }
  });

  it('are unavailable where there is no such stream', async () => {
    await using all = await setup();
    await all.at.jsm.streams.delete(all.at.subjects.streams.dead);
    expect(await refusal(all.client.deadLetters())).to.include({ code: 'unavailable', retryable: true });
  });
});
