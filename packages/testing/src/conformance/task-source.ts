/**
 * What every task source must do: ask for no more than it was told, hold and bring back, store before it says so. The
 * worker builds on nothing else.
 */
import assert from 'node:assert/strict';
import type { TaskDelivery, TaskSource } from '@troupe/actor/internal';
import type { Address, Context, DeadLetter, Json, QueueClass, TaskMessage } from '@troupe/protocol';
import { assertIncludes, describe, suiteScope } from './runner.ts';

export interface SentMail {
  readonly to: Address;
  readonly sender: string;
  readonly type: string;
  readonly body: Json;
  readonly context: Context;
}

export interface TaskSourceFixture {
  /** Not opened yet; with a short hold (`ackWaitMs`), for the tests wait for it. */
  readonly source: TaskSource;
  /** Another worker of the same pool. */
  readonly other: TaskSource;
  /** Stores a task for the pool of both. */
  send(cls: QueueClass, message: TaskMessage, context?: Context): Promise<void>;
  /** Tells on the signal subject of the pool. */
  signal(body: Json): Promise<void>;
  /** Writes the record of an entity. */
  commit(of: Address, root: Json, ended: boolean): Promise<void>;
  /** All mail so far, oldest first. */
  mail(): Promise<readonly SentMail[]>;
  dead(): Promise<readonly DeadLetter[]>;
  /** Lets so much time pass. */
  elapse(ms: number): Promise<void>;
  close?(): Promise<void>;
}

export interface TaskSourceAbilities {
  readonly name: string;
}

/** A request of the tests stands so long. */
const EXPIRES_MS = 1_000;
/** What a server may take until it has told that a request is over. */
const END_SLACK_MS = 1_500;

export function describeTaskSource(make: () => Promise<TaskSourceFixture>, abilities: TaskSourceAbilities): void {
  const { test } = suiteScope(make);

  describe(`the task source ${abilities.name}`, () => {
    test('delivers what is asked for, oldest first, and no more', async (fixture) => {
      const { source, send, elapse } = fixture;
      const seen = await opened(source);
      for (const id of ['a', 'b', 'c']) await send('regular', task(id));
      const ends = pull(source, 'regular', 2);
      await elapse(300);
      assert.deepEqual(seen.ids(), ['a', 'b']);
      assert.deepEqual(ends, [0]);
      pull(source, 'regular', 1);
      await elapse(300);
      assert.deepEqual(seen.ids(), ['a', 'b', 'c']);
    });

    test('delivers nothing before the caller of `pull` has gone on', async ({ source, send, elapse }) => {
      const seen = await opened(source);
      await send('regular', task('a'));
      await elapse(100);
      pull(source, 'regular', 1);
      assert.deepEqual(seen.ids(), []);
      await elapse(300);
      assert.deepEqual(seen.ids(), ['a']);
    });

    test('delivers the message as it was sent, with what is known of its way', async ({ source, send, elapse }) => {
      const seen = await opened(source);
      const message = task('a', { input: { text: '漢 🎭' } });
      const before = source.serverNow();
      await send('heavy', message, { user: 'u', traceparent: '00-1-2-01' });
      pull(source, 'heavy', 1);
      await elapse(300);
      const [delivery] = seen.deliveries;
      assert.deepEqual(JSON.parse(new TextDecoder().decode(delivery!.data)), message);
      assertIncludes(delivery, { class: 'heavy', deliveries: 1 });
      assert.deepEqual({ ...delivery!.context }, { user: 'u', traceparent: '00-1-2-01' });
      assert.match(delivery!.subject, /\.task\.heavy\./);
      assert.ok(Math.abs(delivery!.storedAt - before) < 5_000, `stored at ${delivery!.storedAt}, sent at ${before}`);
    });

    test('keeps the classes apart', async ({ source, send, elapse }) => {
      const seen = await opened(source);
      await send('regular', task('r'));
      await send('background', task('b'));
      pull(source, 'background', 5);
      await elapse(300);
      assert.deepEqual(seen.ids(), ['b']);
    });

    test('ends a request after its time, once, and says how much did not come', async ({ source, send, elapse }) => {
      const seen = await opened(source);
      const ends = pull(source, 'regular', 3, 3 * EXPIRES_MS);
      await send('regular', task('a'));
      await elapse(EXPIRES_MS / 2);
      assert.deepEqual(ends, []);
      seen.deliveries[0]!.ack();
      await elapse(2.5 * EXPIRES_MS + END_SLACK_MS);
      assert.deepEqual(ends, [2]);
      await send('regular', task('late'));
      await elapse(300);
      assert.deepEqual(seen.ids(), ['a']);
    });

    test('deals the messages to the workers that ask', async ({ source, other, send, elapse }) => {
      const [mine, theirs] = [await opened(source), await opened(other)];
      for (let i = 0; i < 6; i++) await send('regular', task(`${i}`));
      pull(source, 'regular', 3);
      pull(other, 'regular', 3);
      await elapse(300);
      assert.deepEqual([mine.ids().length, theirs.ids().length], [3, 3]);
      assert.equal(new Set([...mine.ids(), ...theirs.ids()]).size, 6);
    });

    test('brings a message back when its hold lapses, and counts', async ({ source, other, send, elapse }) => {
      await opened(source);
      const theirs = await opened(other);
      await send('regular', task('a'));
      pull(source, 'regular', 1);
      await elapse(300);
      await elapse(source.ackWaitMs);
      pull(other, 'regular', 1);
      await elapse(300);
      assert.deepEqual(theirs.ids(), ['a']);
      assert.equal(theirs.deliveries[0]!.deliveries, 2);
    });

    test('keeps a message with a worker that extends its hold', async ({ source, other, send, elapse }) => {
      const mine = await opened(source);
      const theirs = await opened(other);
      await send('regular', task('a'));
      pull(source, 'regular', 1);
      await elapse(200);
      for (let i = 0; i < 6; i++) {
        mine.deliveries[0]!.extend();
        await elapse(source.ackWaitMs / 3);
      }
      pull(other, 'regular', 1);
      await elapse(200);
      assert.deepEqual(theirs.ids(), []);
    });

    test('forgets what was acknowledged, also from before a flush', async ({ source, other, send, elapse }) => {
      const mine = await opened(source);
      const theirs = await opened(other);
      await send('regular', task('a'));
      pull(source, 'regular', 1);
      await elapse(300);
      mine.deliveries[0]!.ack();
      await source.flush();
      await elapse(source.ackWaitMs + 100);
      pull(other, 'regular', 1);
      await elapse(300);
      assert.deepEqual(theirs.ids(), []);
    });

    test('offers what was given back again after the delay, not sooner', async ({ source, other, send, elapse }) => {
      const mine = await opened(source);
      const theirs = await opened(other);
      await send('regular', task('a'));
      pull(source, 'regular', 1);
      await elapse(200);
      mine.deliveries[0]!.giveBack(2_500);
      pull(other, 'regular', 1, 10_000);
      await elapse(400);
      assert.deepEqual(theirs.ids(), []);
      await elapse(2_500);
      assert.deepEqual(theirs.ids(), ['a']);
    });

    test('ends all requests and delivers nothing once it has stopped pulling', async ({ source, other, send, elapse }) => {
      const mine = await opened(source);
      const theirs = await opened(other);
      const ends = [...[pull(source, 'regular', 4), pull(source, 'heavy', 2)]];
      await elapse(100);
      await source.stopPulling();
      assert.deepEqual(ends, [[4], [2]]);
      await send('regular', task('a'));
      pull(other, 'regular', 1);
      await elapse(300);
      assert.deepEqual(mine.ids(), []);
      assert.deepEqual(theirs.ids(), ['a']);
    });

    test('hears the signals of its pool until it is closed', async ({ source, signal, elapse }) => {
      const seen = await opened(source);
      await signal({ cancel: 'a' });
      await elapse(100);
      assert.deepEqual(seen.signals, [{ cancel: 'a' }]);
      await source.close();
      await signal({ cancel: 'b' });
      await elapse(100);
      assert.equal(seen.signals.length, 1);
    });

    test('mails as the pool that it is, with the context', async ({ source, mail }) => {
      await opened(source);
      const to = { kind: 'operation', key: 'an.odd key*' };
      await source.mail(to, { id: 'm1', type: 'task.ended', body: { token: 't' } }, { user: 'u' });
      const [letter] = await mail();
      assertIncludes(letter, { to, sender: `task-${source.pool}`, type: 'task.ended', body: { token: 't' } });
      assert.deepEqual({ ...letter!.context }, { user: 'u' });
    });

    test('knows whether there is a result', async ({ source }) => {
      await opened(source);
      assert.equal(await source.hasResult('r.1'), false);
      const outcome = { kind: 'succeeded', output: { n: 1 } } as const;
      await source.result({ v: 1, id: 'r.1', task: 't', attempt: 1, outcome, endedAt: 1 }, 60_000);
      assert.equal(await source.hasResult('r.1'), true);
      assert.equal(await source.hasResult('r'), false);
    });

    test('reads how the record of an entity stands', async ({ source, commit }) => {
      await opened(source);
      const [live, over] = [
        { kind: 'operation', key: 'live one' },
        { kind: 'operation', key: 'over' },
      ];
      assert.equal(await source.waiter(live), undefined);
      await commit(live, { phase: 'running' }, false);
      await commit(over, { phase: 'ended' }, true);
      assert.deepEqual(await source.waiter(live), { root: { phase: 'running' }, ended: false });
      assert.deepEqual(await source.waiter(over), { root: { phase: 'ended' }, ended: true });
    });

    test('makes a mark only if there is none, and changes it only as it was read', async ({ source, other }) => {
      await Promise.all([opened(source), opened(other)]);
      assert.equal(await source.readMark('a'), undefined);
      assert.equal(await source.writeMark('a', 1, 0, 60_000), true);
      assert.equal(await other.writeMark('a', 1, 0, 60_000), false);
      const mark = await other.readMark('a');
      assert.equal(mark?.starts, 1);
      assert.equal(await other.writeMark('a', 2, mark.revision, 60_000), true);
      assert.equal(await source.writeMark('a', 2, mark.revision, 60_000), false);
      assert.equal((await source.readMark('a'))?.starts, 2);
      assert.equal(await source.readMark('b'), undefined);
    });

    test('lets exactly one of many make a mark', async ({ source, other }) => {
      await Promise.all([opened(source), opened(other)]);
      const made = await Promise.all([source, other, source, other].map((one) => one.writeMark('a', 1, 0, 60_000)));
      assert.equal(made.filter(Boolean).length, 1);
    });

    test('keeps a message that is buried, with all that is needed to send it again', async ({ source, send, dead, elapse }) => {
      const seen = await opened(source);
      await send('regular', task('a'), { user: 'u' });
      pull(source, 'regular', 1);
      await elapse(300);
      const error = { code: 'worker_lost', message: 'started 5 times' };
      await source.bury(seen.deliveries[0]!, error, 5);
      const [letter] = await dead();
      assertIncludes(letter, { v: 1, reason: 'worker_lost', error, attempts: 5, subject: seen.deliveries[0]!.subject });
      assert.deepEqual(JSON.parse(letter!.body), task('a'));
    });
  });
}

interface Seen {
  readonly deliveries: TaskDelivery[];
  readonly signals: Json[];
  ids(): string[];
}

async function opened(source: TaskSource): Promise<Seen> {
  const deliveries: TaskDelivery[] = [];
  const signals: Json[] = [];
  await source.open({ deliver: (delivery) => deliveries.push(delivery), signal: (body) => signals.push(body) });
  const ids = (): string[] => deliveries.map((d) => (JSON.parse(new TextDecoder().decode(d.data)) as TaskMessage).id);
  return { deliveries, signals, ids };
}

/** What `onEnd` was told. */
function pull(source: TaskSource, cls: QueueClass, count: number, expiresMs = EXPIRES_MS): number[] {
  const ends: number[] = [];
  source.pull({ class: cls, count, expiresMs, onEnd: (undelivered) => ends.push(undelivered) });
  return ends;
}

function task(id: string, more: Partial<TaskMessage> = {}): TaskMessage {
  return {
    v: 1,
    id,
    task: 'do.it',
    input: null,
    attempt: 1,
    attempts: 1,
    token: `t-${id}`,
    idempotencyToken: id,
    timeLimitMs: 1_000,
    orderedAt: 0,
    ...more,
  };
}
