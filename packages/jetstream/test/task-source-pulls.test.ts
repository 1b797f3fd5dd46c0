import { expect } from 'chai';
import { connectNats, createPublisher } from '@troupe/jetstream';
import { startNatsServer, startProxy, until } from '@troupe/test-infra';
import { createTaskQueue, elapse, open, POOL, pull, task } from './support/task-queue.ts';

/** Longer than any pause of the machine: nothing may come again by itself. */
const LONG_HOLD_MS = 20_000;

describe('the pulls of a worker on a stream', () => {
  it('have ended at the server when they have ended here: a slot is never filled twice', async () => {
    await using queue = await createTaskQueue();
    const source = queue.source();
    const received = await open(source);
    for (let round = 0; round < 3; round++) {
      const ends = pull(source, 4);
      await until('the request is over', () => ends.length === 1);
      expect(ends).to.deep.equal([4]);
    }
    for (let i = 0; i < 4; i++) await queue.send('regular', task(`${i}`));
    // each request has ended with nothing, so nothing that was sent after it may come
    await elapse(300);
    expect(received.ids()).to.deep.equal([]);
  });

  it('of different length do not wait for each other', async () => {
    await using queue = await createTaskQueue();
    const source = queue.source();
    await open(source);
    const short = pull(source, 2, 1_000);
    const long = pull(source, 2, 5_000);
    await until('the short one is over', () => short.length === 1);
    expect(long).to.deep.equal([]);
  });

  it('bring hundreds at once, each to one of two workers', async () => {
    await using queue = await createTaskQueue({}, LONG_HOLD_MS);
    const sources = [queue.source(), queue.source()];
    const received = await Promise.all(sources.map((source) => open(source)));
    await Promise.all(Array.from({ length: 400 }, (_, i) => queue.send('regular', task(`${i}`))));
    const ends = sources.map((source) => pull(source, 200, 5_000));
    await until('all have come', () => received.every((one) => one.deliveries.length === 200));
    for (const { deliveries } of received) for (const delivery of deliveries) delivery.ack();
    await until('all requests have ended', () => ends.every((one) => one.length === 1));
    expect(ends).to.deep.equal([[0], [0]]);
    await until('all are acknowledged', async () => (await queue.left()) === 0);
  });

  it('hand over what was on its way when they are stopped, so that it can be given back at once', async () => {
    await using queue = await createTaskQueue({}, LONG_HOLD_MS);
    const [source, other] = [queue.source(), queue.source()];
    const mine = await open(source);
    const theirs = await open(other);
    for (let i = 0; i < 50; i++) await queue.send('regular', task(`${i}`));
    pull(source, 50, 5_000);
    await source.stopPulling();
    for (const delivery of mine.deliveries) delivery.giveBack(1);
    await source.flush();
    pull(other, 50, 5_000);
    // well within the hold: nothing lies with the worker that has stopped
    await until('the other worker has all', () => theirs.deliveries.length === 50, LONG_HOLD_MS / 2);
    expect(new Set(theirs.ids()).size).to.equal(50);
  });

  it('end while the server is away, and go on when it is back', async () => {
    await using server = await startNatsServer();
    await using proxy = await startProxy(server.url);
    await using queue = await createTaskQueue({ servers: server.url });
    const nc = await connectNats({ servers: proxy.url, reconnectWaitMs: 50 });
    const publisher = createPublisher(nc);
    await publisher.start();
    const source = queue.source(nc, publisher);
    const received = await open(source);
    const before = pull(source, 2, 5_000);
    await elapse(200);
    proxy.cut();
    await until('the request of the old connection is over', () => before.length === 1);
    expect(before).to.deep.equal([2]);
    const during = pull(source, 2, 5_000);
    await until('one that cannot be sent ends as well', () => during.length === 1);
    proxy.resume();
    await queue.send('regular', task('a'));
    await until('a message comes', () => {
      if (received.deliveries.length === 0) pull(source, 1, 1_000);
      return received.deliveries.length > 0;
    });
    await source.stopPulling();
    await publisher.stop();
    await nc.close();
  });

  it('find a consumer again that was deleted and made anew', async () => {
    await using queue = await createTaskQueue();
    const source = queue.source();
    const received = await open(source);
    const { tasks } = queue.subjects.streams;
    const { config } = await queue.jsm.consumers.info(tasks, `regular_${POOL}`);
    const ends = pull(source, 1, 5_000);
    await elapse(100);
    await queue.jsm.consumers.delete(tasks, `regular_${POOL}`);
    await until('the request is over', () => ends.length === 1);
    await queue.jsm.consumers.add(tasks, config);
    await queue.send('regular', task('a'));
    await until('a message comes', () => {
      if (received.deliveries.length === 0) pull(source, 1, 1_000);
      return received.deliveries.length > 0;
    });
  });
});

describe('a signal on the subject of a pool', () => {
  it('that is no JSON is passed over', async () => {
    await using queue = await createTaskQueue();
    const source = queue.source();
    const received = await open(source);
    queue.nc.publish(queue.subjects.signal(POOL), 'not json');
    queue.nc.publish(queue.subjects.signal(POOL), '{"cancel":"a"}');
    await until('the second is heard', () => received.signals.length === 1);
    expect(received.signals).to.deep.equal([{ cancel: 'a' }]);
  });
});

describe('a start mark on the results stream', () => {
  it('that was written by an attempt of its own, whose answer was lost, counts as written', async () => {
    await using queue = await createTaskQueue();
    const { publisher } = queue;
    let lost = false;
    // what a reconnect does: the message is stored, its answer is lost, and it is sent again
    const forgetful = new Proxy(publisher, {
      get(target, name) {
        if (name !== 'publish') return Reflect.get(target, name) as unknown;
        return async (...args: Parameters<typeof publisher.publish>) => {
          const ack = await target.publish(...args);
          if (lost) return ack;
          lost = true;
          return target.publish(...args);
        };
      },
    });
    const source = queue.source(queue.nc, forgetful);
    expect(await source.writeMark('a', 1, 0, 60_000)).to.equal(true);
    expect(await source.writeMark('a', 1, 0, 60_000)).to.equal(false);
  });
});

describe('a dead letter of a task', () => {
  it('keeps what is not text as base64', async () => {
    await using queue = await createTaskQueue();
    const source = queue.source();
    const received = await open(source);
    await queue.publisher.publish(queue.subjects.task('regular', POOL, 'x'), Uint8Array.from([0xff, 0xfe, 0x00]));
    pull(source, 1);
    await until('it came', () => received.deliveries.length === 1);
    await source.bury(received.deliveries[0]!, { code: 'malformed', message: 'no JSON' }, 1);
    const [letter] = await queue.stored(queue.subjects.streams.dead);
    expect(letter!.subject).to.equal(queue.subjects.dead(['task', 'regular', POOL]));
    expect(letter!.json()).to.deep.include({ reason: 'malformed', encoding: 'base64', body: '//4A' });
  });
});
