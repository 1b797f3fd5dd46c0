import { expect } from 'chai';
import { connectNats, createPublisher } from '@troupe/jetstream';
import { needsNats, startNatsServer } from '@troupe/test-infra';
import { createStream, failure } from './support/stream.ts';

const config = `
accounts { APP { jetstream: enabled, users: [
  { user: admin, password: a }
  { user: producer, password: p, permissions: { publish: { allow: ["*.open"] }, subscribe: { allow: ["_INBOX_p.>"] } } } ] } }`;

async function setup() {
  const server = await startNatsServer({ config });
  const admin = await createStream({}, { servers: server.url, user: 'admin', pass: 'a' });
  const connect = (inboxPrefix: string) => connectNats({ servers: server.url, user: 'producer', pass: 'p', inboxPrefix });
  return {
    ...admin,
    url: server.url,
    connect,
    async [Symbol.asyncDispose]() {
      await admin[Symbol.asyncDispose]();
      await server.stop();
    },
  };
}

describe('a publisher with few rights', () => {
  before(needsNats);

  it('publishes what it may, and hears at once what it may not', async () => {
    await using s = await setup();
    const nc = await s.connect('_INBOX_p');
    const publisher = createPublisher(nc);
    await publisher.start();
    const allowed = publisher.publish(`${s.prefix}.open`, 'x');
    const denied = await failure(publisher.publish(`${s.prefix}.closed`, 'x'));
    expect(denied).to.include({ code: 'not_permitted', retryable: false });
    expect(denied.data).to.include({ subject: `${s.prefix}.closed` });
    expect(await allowed).to.include({ sequence: 1 });
    await publisher.stop();
    await nc.close();
  });

  it('does not start with an inbox that it may not subscribe to', async () => {
    await using s = await setup();
    const nc = await s.connect('_INBOX_other');
    expect(await failure(createPublisher(nc).start())).to.include({ code: 'not_permitted' });
    await nc.close();
  });

  it('tells wrong credentials from an absent server', async () => {
    await using s = await setup();
    const wrong = connectNats({ servers: s.url, user: 'producer', pass: 'guess' });
    expect(await failure(wrong)).to.include({ code: 'not_permitted', retryable: false });
    const two = connectNats({ servers: s.url, user: 'producer', token: 't' });
    expect(await failure(two)).to.include({ code: 'invalid_options' });
    const error = await failure(connectNats({ servers: 'nats://me:secret@127.0.0.1:1' }));
    expect(error).to.include({ code: 'unavailable', retryable: true });
    expect(error.message).not.to.include('secret');
  });
});
