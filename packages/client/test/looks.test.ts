// needs TEST_NATS_URL
import { createClient } from '@troupe/client';
import { applyTopology } from '@troupe/jetstream';
import { until } from '@troupe/test-infra';
import { expect } from 'chai';
import { createInstallation, endedRoot, type Installation, natsUrl, operationRoot, refusal } from './installation.ts';

const request = { executor: 'x' };

/** Counts reads of an operation's root; the server shows them to whoever may listen. */
function countReads(at: Installation): { readonly of: (id: string) => number; readonly all: () => number } {
  const seen = new Map<string, number>();
  const { streams, state } = at.subjects;
  const api = `$JS.API.DIRECT.GET.${streams.state}.`;
  at.nc.subscribe(`${api}>`, { callback: (_, message) => void seen.set(message.subject, (seen.get(message.subject) ?? 0) + 1) });
  return {
    of: (id) => seen.get(api + state({ kind: 'operation', key: id })) ?? 0,
    all: () => [...seen.values()].reduce((sum, n) => sum + n, 0),
  };
}

describe('looking for an end', () => {
  it('is not done by who has listened since before the command left', async () => {
    await using at = await createInstallation();
    const reads = countReads(at);
    const door = await at.door((_, tell) => tell({ answer: 'accepted' }));
    await using client = createClient(natsUrl(), { ns: at.ns, checkEvery: '10m' });
    const operation = await client.execute(request);
    const end = operation.ended();
    at.nc.publish(door.commands[0]!.replyTo!, JSON.stringify({ v: 1, operation: operation.id, answer: 'ended', outcome: 'succeeded' }));
    await end;
    await at.nc.flush();
    expect(reads.all()).to.equal(0);
  });

  it('is done once at the start by who has not, however many wait', async () => {
    await using at = await createInstallation();
    const reads = countReads(at);
    await at.putRecord('o-1', operationRoot());
    await using client = createClient(natsUrl(), { ns: at.ns, checkEvery: '10m' });
    const operation = client.follow('o-1');
    const giveUp = new AbortController();
    const warnings: Error[] = [];
    const onWarning = (warning: Error): void => void warnings.push(warning);
    process.on('warning', onWarning);
    const waits = Array.from({ length: 20 }, () => operation.ended({ signal: giveUp.signal }).catch(() => undefined));
    await until('it has looked', () => reads.of('o-1') > 0);
    await at.nc.flush();
    expect(reads.of('o-1')).to.equal(1);
    giveUp.abort();
    await Promise.all(waits);
    process.off('warning', onWarning);
    // one signal for twenty waits is no leak of listeners
    expect(warnings).to.deep.equal([]);
  });

  it('is done every so often and no more, with jitter', async () => {
    await using at = await createInstallation();
    const reads = countReads(at);
    await at.putRecord('o-1', operationRoot());
    await using client = createClient(natsUrl(), { ns: at.ns, checkEvery: '40ms' });
    const startedAt = performance.now();
    const end = client.follow('o-1').ended();
    await until('it has looked five times', () => reads.of('o-1') >= 5);
    // four pauses of 40 ms at the least
    expect(performance.now() - startedAt).to.be.at.least(4 * 40 - 5);
    await at.putRecord('o-1', endedRoot('succeeded'));
    expect(await end).to.deep.equal({ outcome: 'succeeded' });
  });

  it('ends with the last who waits', async () => {
    await using at = await createInstallation();
    const reads = countReads(at);
    await at.putRecord('o-1', operationRoot());
    await at.putRecord('o-2', operationRoot());
    await using client = createClient(natsUrl(), { ns: at.ns, checkEvery: '10ms' });
    const giveUp = new AbortController();
    const end = client
      .follow('o-1')
      .ended({ signal: giveUp.signal })
      .catch(() => 'given up');
    await until('it has looked', () => reads.of('o-1') > 1);
    giveUp.abort();
    expect(await end).to.equal('given up');
    await at.nc.flush();
    const before = reads.of('o-1');
    // another wait goes on looking; the first one does not
    const other = client
      .follow('o-2')
      .ended()
      .catch(() => undefined);
    await until('the other has looked', () => reads.of('o-2') > 5);
    expect(reads.of('o-1')).to.be.at.most(before + 1);
    await client.stop();
    await other;
  });

  it('goes on where the answer to a look is lost', async () => {
    await using at = await createInstallation();
    await at.putRecord('o-1', operationRoot());
    await using client = createClient(natsUrl(), { ns: at.ns, checkEvery: '20ms' });
    const end = client.follow('o-1').ended();
    await at.jsm.streams.delete(at.subjects.streams.state);
    await applyTopology(at.nc, { subjects: at.subjects, roles: {}, pools: ['mail'], maxCommands: 50 });
    await at.putRecord('o-1', endedRoot('succeeded'));
    expect(await end).to.deep.equal({ outcome: 'succeeded' });
  });

  it('gives up on an operation that is unknown again and again', async () => {
    await using at = await createInstallation();
    const reads = countReads(at);
    await using client = createClient(natsUrl(), { ns: at.ns });
    expect(await refusal(client.follow('o-1').ended())).to.include({ code: 'unknown_operation' });
    expect(reads.of('o-1')).to.equal(3);
  });
});
