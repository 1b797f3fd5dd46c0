// needs TEST_NATS_URL
import { jetstream } from '@nats-io/jetstream';
import { createDoor, type DoorEvent, type DoorOptions } from '@troupe/jetstream';
import { createDeadLetters } from '@troupe/jetstream/internal';
import { until } from '@troupe/test-infra';
import { expect } from 'chai';
import { createInstallation } from './support/installation.ts';

async function setup(options: Partial<DoorOptions> = {}) {
  const at = await createInstallation();
  const { nc, publisher, subjects } = at;
  const serverNow = (): number => Date.now();
  const events: DoorEvent[] = [];
  const told: { subject: string; body: Record<string, unknown> }[] = [];
  const inbox = `_INBOX.${subjects.ns}.me`;
  for (const subject of [`${subjects.ns}.answer.*`, inbox])
    nc.subscribe(subject, { callback: (_, message) => void told.push({ subject: message.subject, body: message.json() }) });
  const door = createDoor({
    nc,
    publisher,
    subjects,
    serverNow,
    deadLetters: createDeadLetters({ publisher, subjects, serverNow }),
    judge: async ({ id }) => ({ to: { kind: 'operation', key: id }, mail: { type: 'command', body: null } }),
    onEvent: (event) => events.push(event),
    ...options,
  });
  return {
    ...at,
    door,
    events,
    told,
    inbox,
    send: (id: string, v: number) =>
      publisher.publish(
        subjects.command('x'),
        JSON.stringify({ v, id, executor: 'x', input: null, createdAt: new Date().toISOString(), replyTo: inbox }),
      ),
    dead: () => at.stored(subjects.streams.dead),
    commands: async () => (await at.jsm.streams.info(subjects.streams.commands)).state.messages,
    async [Symbol.asyncDispose]() {
      await door.stop();
      await at[Symbol.asyncDispose]();
    },
  };
}

describe('a command of a newer version', () => {
  it('is refused, with its versions, once no door has read it for its time, and lies in the dead letters for those that will', async () => {
    await using at = await setup({ newerVersionMs: 1_500 });
    await at.door.start();
    await at.send('o-1', 2);
    await until('it is answered in both places', () => at.told.length === 2);
    expect(at.told.map(({ subject }) => subject)).to.have.members([at.subjects.answer('o-1'), at.inbox]);
    for (const { body } of at.told) {
      expect(body).to.deep.include({ v: 1, operation: 'o-1', answer: 'rejected' });
      expect(body['error']).to.deep.include({ code: 'unsupported_version', field: 'v', retryable: true, data: { version: 2, reads: 1 } });
    }
    const [letter] = await at.dead();
    expect(letter!.body).to.include({ reason: 'unsupported_version', subject: at.subjects.command('x') });
    await until('nothing waits', async () => (await at.commands()) === 0);
    expect(at.events.map(({ type }) => type).filter((type) => type === 'newerVersion')).to.have.lengthOf.at.least(2);
    expect(at.events.at(-1)).to.include({ type: 'rejected', operation: 'o-1' });
  });

  it('goes to a door that reads it, where there is one', async () => {
    await using at = await setup({ newerVersionMs: 600_000 });
    await at.door.start();
    await at.send('o-1', 2);
    await until('an old door had it', () => at.events.length > 0);
    await at.door.stop();
    const newer = await (await jetstream(at.nc).consumers.get(at.subjects.streams.commands, 'door')).next({ expires: 10_000 });
    expect(newer?.json()).to.include({ v: 2, id: 'o-1' });
    newer!.ack();
    expect([at.told, await at.dead()]).to.deep.equal([[], []]);
  });

  it('keeps nobody out: behind more of them than a consumer may hold, a command that is read goes through', async () => {
    await using at = await setup({ newerVersionMs: 600_000 });
    await Promise.all(Array.from({ length: 1_200 }, (_, i) => at.send(`newer-${i}`, 2)));
    await at.send('read', 1);
    await at.door.start();
    await until('it is forwarded', () => at.events.some((event) => event.type === 'forwarded'), 20_000);
    await until('the others are refused, but for a few', async () => (await at.commands()) <= 64, 20_000);
  }).timeout(60_000);
});
