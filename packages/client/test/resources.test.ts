// needs TEST_NATS_URL
import { createClient } from '@troupe/client';
import { createKvResourceStore, createPublisher } from '@troupe/jetstream';
import { expect } from 'chai';
import { createInstallation, natsUrl, refusal } from './installation.ts';

async function setup() {
  const at = await createInstallation();
  const client = createClient(natsUrl(), { ns: at.ns });
  const publisher = createPublisher(at.nc);
  await publisher.start();
  return {
    client,
    /** As an operation does: ordered by a turn, which is a write of STATE. */
    store: createKvResourceStore({ nc: at.nc, publisher, subjects: at.subjects, serverNow: () => 7 }),
    async turn(): Promise<number> {
      await at.putRecord('o-1', {});
      return (await at.jsm.streams.info(at.subjects.streams.state)).state.last_seq;
    },
    async [Symbol.asyncDispose]() {
      await client.stop();
      await publisher.stop();
      await at[Symbol.asyncDispose]();
    },
  };
}

const ref = { kind: 'volume', id: 'v/1' };

describe('the list of resources', () => {
  it('takes a resource once, to be made by an operation, and shows it', async () => {
    await using at = await setup();
    expect(await at.client.resource(ref)).to.equal(undefined);
    const { record, already } = await at.client.registerResource(ref, { data: { sizeGb: 4 } });
    expect(already).to.equal(false);
    expect(record).to.deep.include({ ...ref, state: 'CREATION_SCHEDULED', runtimeState: '', currentOperation: null, data: { sizeGb: 4 } });
    expect(record.modified).to.be.above(0);
    expect(await at.client.resource(ref)).to.deep.equal(record);
    expect(await at.client.registerResource(ref, { state: 'OK', data: { sizeGb: 9 } })).to.deep.equal({ record, already: true });
  });

  it('takes what is on the backend already', async () => {
    await using at = await setup();
    const { record } = await at.client.registerResource(ref, { state: 'OK', backendId: 'b-1', runtimeState: 'available' });
    expect(record).to.include({ state: 'OK', backendId: 'b-1', runtimeState: 'available' });
  });

  it('is read by kind or whole', async () => {
    await using at = await setup();
    for (const [kind, id] of [
      ['volume', '1'],
      ['vm', '1'],
      ['volume', '2'],
    ] as const)
      await at.client.registerResource({ kind, id });
    const names = async (kind?: string): Promise<string[]> => {
      const all: string[] = [];
      for await (const one of at.client.resources(kind)) all.push(`${one.kind}/${one.id}`);
      return all;
    };
    expect(await names()).to.deep.equal(['volume/1', 'vm/1', 'volume/2']);
    expect(await names('volume')).to.deep.equal(['volume/1', 'volume/2']);
    expect(await names('none')).to.deep.equal([]);
  });

  it('takes a name anew whose resource was removed, under a newer epoch', async () => {
    await using at = await setup();
    const first = await at.client.registerResource(ref, { state: 'OK' });
    const held = { ref, operation: 'o-1' };
    // a resource that lived long: what its removal remembers is not all that it knew
    for (let n = 0; n < 12; n++) {
      const take = { op: 'take', ...held, from: ['OK'], set: {} } as const;
      const taken = await at.store.write(take, { turn: await at.turn(), effect: `take ${n}` });
      const { epoch } = taken.record!;
      const last =
        n === 11 ? ({ op: 'remove', ...held, epoch } as const) : ({ op: 'change', ...held, epoch, set: {}, finish: true } as const);
      expect(await at.store.write(last, { turn: await at.turn(), effect: `end ${n}` })).to.include({ ok: true });
    }
    expect(await at.client.resource(ref)).to.equal(undefined);
    const second = await at.client.registerResource(ref);
    expect(second.already).to.equal(false);
    expect(second.record.epoch).to.be.above(first.record.epoch);
  });

  it('refuses what is no resource, by its field', async () => {
    await using at = await setup();
    const { client } = at;
    const wrong: [Promise<unknown>, string][] = [
      [client.registerResource({ kind: '', id: '1' }), 'kind'],
      [client.registerResource({ kind: 'volume' } as never), 'id'],
      [client.registerResource(ref, { state: 'ERRED' as never }), 'state'],
      [client.registerResource(ref, { data: [] as never }), 'data'],
      [client.registerResource(ref, { backendId: 'x'.repeat(256) }), 'insert.backendId'],
    ];
    for (const [asked, field] of wrong) expect(await refusal(asked)).to.include({ code: 'invalid_options', field });
    expect(await client.resource(ref)).to.equal(undefined);
  });
});
