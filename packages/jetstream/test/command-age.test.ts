// needs TEST_NATS_URL
import { judgeAge } from '@troupe/jetstream/internal';
import type { Answer, Command } from '@troupe/protocol';
import { expect } from 'chai';
import { createInstallation } from './support/installation.ts';
import { failure } from './support/stream.ts';

const DAY_MS = 86_400_000;
const NOW = Date.UTC(2026, 10, 25, 10);
const address = { kind: 'operation', key: 'o-1' };

async function setup() {
  const at = await createInstallation();
  return {
    ...at,
    judge(days: number): Promise<Answer | undefined> {
      const createdAt = new Date(NOW - days * DAY_MS).toISOString();
      const command: Command = { v: 1, id: 'o-1', executor: 'x', input: null, createdAt };
      return judgeAge(command, { ...at, serverNow: () => NOW });
    },
    write: (subject: string, body: object | '') => at.publisher.publish(subject, body === '' ? '' : JSON.stringify(body)),
  };
}

describe('the age of a command', () => {
  it('is no matter while the record of its operation must still be there', async () => {
    await using at = await setup();
    await at.write(at.subjects.tombstone(address), { outcome: 'failed' });
    for (const days of [-1, 0, 5.9]) expect(await at.judge(days)).to.equal(undefined);
  });

  it('is no matter while there is a record: the operation answers', async () => {
    await using at = await setup();
    await at.write(at.subjects.state(address), { v: 1, s: {} });
    await at.write(at.subjects.tombstone(address), { outcome: 'failed' });
    for (const days of [7, 400]) expect(await at.judge(days)).to.equal(undefined);
  });

  it('asks the tombstone of an operation whose record has gone, with or without an outcome', async () => {
    await using at = await setup();
    await at.write(at.subjects.tombstone(address), { outcome: 'failed' });
    const answer = { v: 1, operation: 'o-1', answer: 'duplicate', status: 'ended' };
    expect(await at.judge(7)).to.deep.equal({ ...answer, outcome: 'failed' });
    // an empty message is what a removed record leaves for a moment
    await at.write(at.subjects.state(address), '');
    expect(await at.judge(400)).to.deep.equal({ ...answer, outcome: 'failed' });
    await at.write(at.subjects.tombstone(address), {});
    expect(await at.judge(7)).to.deep.equal(answer);
  });

  it('is too much for a command that is older than tombstones, and of which nothing is known', async () => {
    await using at = await setup();
    expect(await at.judge(29.9)).to.equal(undefined);
    const error = await failure(at.judge(30));
    expect(error).to.include({ code: 'too_old', field: 'createdAt', retryable: false });
    expect(error.message).to.contain('o-1 was made 30 days ago');
  });

  it('is judged later where the records cannot be read', async () => {
    const at = await setup();
    await at.jsm.streams.delete(at.subjects.streams.state);
    expect(await failure(at.judge(31))).to.include({ code: 'unavailable', retryable: true });
    await at[Symbol.asyncDispose]();
  });
});
