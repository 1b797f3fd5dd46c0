import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { createClient } from '@troupe/client';
import { startScheduler } from '@troupe/runtime';
import { defineTask } from '@troupe/task';
import { until as untilWithin } from '@troupe/test-infra';
import { expect } from 'chai';
import { installOpenWire } from './installation.ts';
import { tapWire } from './wire-tap.ts';

const until = <T>(what: string, condition: () => T | Promise<T>) => untilWithin(what, condition, 20_000);

const document = JSON.parse(readFileSync(createRequire(import.meta.url).resolve('@troupe/protocol/wire/asyncapi.json'), 'utf8')) as {
  channels: Record<string, { address: string | null; messages: object }>;
};

describe('everything that travels', () => {
  it('is as the AsyncAPI document says, and there is nothing in the document that does not travel', async () => {
    await using at = await installOpenWire();
    const scheduler = await startScheduler(at.runtime, { name: 'wire' });
    const tap = tapWire(at.nc);
    const client = createClient(at.users.as('root'), { checkEvery: '200ms' });
    try {
      const order = async (id: string, executor: string, input?: unknown) => client.execute({ id, executor, input } as never);
      await order('skipped', 'flaky');
      await until('it tries again', async () => (await client.operation('skipped'))?.state === 'retrying');
      await client.pause('skipped', { by: 'ann', reason: 'lunch' });
      await client.resume('skipped', { by: 'ann' });
      await client.skip('skipped', 'try', { by: 'ann', output: { made: 'by hand' } });
      expect((await client.follow('skipped').ended()).outcome).to.equal('succeeded');
      await order('cancelled', 'approval');
      await client.cancel('cancelled', { by: 'ann', reason: 'too late', compensate: false });
      expect((await client.follow('cancelled').ended()).outcome).to.equal('cancelled');
      await client.retry('cancelled', { by: 'ann' });
      await until('it waits again', async () => (await client.operation('cancelled'))?.waitsOn === 'signal');
      await client.signal('cancelled', 'approved', { by: 'ann', data: { size: 10 } });
      await until('it has ended well', async () => (await client.operation('cancelled'))?.outcome === 'succeeded');
      await order('killed', 'work');
      await until('it runs', async () => (await client.operation('killed'))?.state === 'running');
      await client.kill('killed');
      await client.setLimit({ scope: 'cloud', kind: 'vm', limit: 3 }, { by: 'ann' });
      await client.setLimit({ scope: 'cloud', kind: 'vm', limit: null });
      await client.throttles.setRate('cloud', 'call', { window: '1m', most: 9 }, { by: 'ann' });
      await client.throttles.drain('cloud', { by: 'ann', reason: 'new disks' });
      await client.throttles.open('cloud');
      await client.schedules.define('nightly', { every: '10h', execute: { executor: 'telling' } }, { by: 'ann' });
      await client.schedules.runNow('nightly');
      await client.schedules.delete('nightly');
      await client.release({ kind: 'operation', key: 'killed' }, { by: 'ann' });
      const write = defineTask({ name: 'write', idempotent: 'yes', pool: 'notes' });
      await client.schedules.define('nightly', { cron: '0 2 * * *', zone: 'UTC', task: write, input: { text: 'nightly' } } as never);
      await client.schedules.runNow('nightly', { by: 'ann' });
      await client.schedules.delete('nightly', { by: 'ann', reason: 'not needed' });
      const sent = await client.sendTask(write, { text: 'alone' } as never);
      await until('its result is there', () => client.result(sent.id));
      await order('told', 'telling');
      expect((await client.follow('told').ended()).outcome).to.equal('succeeded');
      const ask = async (request: string, body: object) => {
        const reply = await at.nc.request(at.subjects.throttle('cloud', request), JSON.stringify({ v: 1, ...body }), { timeout: 20_000 });
        return reply.json<{ answer: string; fence: number }>();
      };
      const { fence } = await ask('acquire', { lease: 'outside', scope: 'cloud', need: { disk: 1 } });
      expect((await ask('renew', { lease: 'outside', fence })).answer).to.equal('renewed');
      expect((await ask('observe', { lease: 'outside', fence, latencyMs: 12 })).answer).to.equal('observed');
      expect((await ask('explain', { lease: 'outside' })).answer).to.equal('explained');
      expect((await ask('release', { lease: 'outside', fence })).answer).to.equal('released');
      expect((await ask('limit', { scope: 'cloud', kind: 'disk', limit: null })).answer).to.equal('ordered');
      expect((await ask('rate', { scope: 'cloud', name: 'call', rate: null })).answer).to.equal('ordered');
      expect((await ask('maintenance', { scope: 'cloud', on: false })).answer).to.equal('ordered');
      await order('bad', 'nothing').catch(() => undefined);
      const all = Object.entries(document.channels).flatMap(([channel, { address, messages }]) =>
        address === null ? [] : Object.keys(messages).map((message) => `${channel} ${message}`),
      );
      await until('all of it was heard', () => all.every((one) => tap.seen.has(one))).catch(() => undefined);
      expect([...tap.seen.keys()]).to.have.members(all);
      expect(tap.wrong).to.deep.equal([]);
    } finally {
      tap.stop();
      await client.stop();
      await scheduler.stop();
    }
  }).timeout(60_000);
});
