/**
 * The door of throttles: answers requests of programs outside, in any language, on `ns.throttle.<root>.<request>`. It turns each into mail
 * to the entity, and answers with what the entity tells; inside everything stays mail. Any number of doors share the requests. A door
 * keeps nothing: a request that is lost with it is asked again, and the entity knows the lease.
 *
 * One request, one answer (docs/decisions/0026): who has to wait is told so after `waitMs`, asks again, and keeps its place by that.
 */
import { createService, type Random, type Service, systemClock, systemRandom } from '@troupe/actor';
import { entityRecordOf } from '@troupe/actor/internal';
import type { EntityService } from '@troupe/jetstream';
import { encodeMail } from '@troupe/jetstream/internal';
import {
  type AcquireRequest,
  encodeJson,
  type ExplainRequest,
  isInbox,
  type Json,
  parseThrottleRequest,
  type ObserveRequest,
  type ReleaseRequest,
  type RenewRequest,
  type ThrottleAnswer,
  type ThrottleOrder,
  type ThrottleRequestKind,
  throttleRequests,
  throttleTimes,
  toWireError,
  TroupeError,
  type WireError,
} from '@troupe/protocol';
import { checkRate, OUTSIDE, outsideLease, type Rate, rootOf } from '@troupe/throttle';
import { readThrottle } from '@troupe/throttle/internal';
import type { Runtime } from './connect.ts';

export interface ThrottleDoorOptions {
  readonly runtime: Pick<Runtime, 'nc' | 'publisher' | 'subjects' | 'serverNow'>;
  readonly records: EntityService['records'];
  readonly random?: Random;
}

type OfHolder = AcquireRequest | RenewRequest | ReleaseRequest | ObserveRequest;

/** What operators ask for, and the mail that it is inside. */
const ORDERS = { limit: 'setLimit', rate: 'setRate', maintenance: 'setMaintenance' } as const;

/** The answer without its version. */
type Answer = ThrottleAnswer extends infer A ? (A extends ThrottleAnswer ? Omit<A, 'v'> : never) : never;

interface Waiting {
  readonly reply: string;
  readonly lease: string;
  readonly cancel: () => void;
  queued: Answer | undefined;
  /** It has waited for as long as it was asked to: whatever comes now is the answer. */
  isOver: boolean;
}

/** An entity answers within milliseconds: after so long nobody can tell what became of the request. */
const UNANSWERED_MS = 4_000;
const QUEUE_GROUP = 'throttle';

/** A record of many waiters is read so often, or for so long, to have it as it was at one moment. */
const READS = 5;
const READ_FOR_MS = 500;

/**
 * One reading of a key at a time: whoever asks meanwhile shares the next one, which begins after they asked. So thousands that ask why they
 * wait cost two readings.
 */
function shared<T>(load: (key: string) => Promise<T>): (key: string) => Promise<T> {
  const running = new Map<string, Promise<T>>();
  const next = new Map<string, Promise<T>>();
  const run = (key: string): Promise<T> => {
    const one = load(key).finally(() => {
      if (running.get(key) === one) running.delete(key);
    });
    running.set(key, one);
    return one;
  };
  return (key) => {
    const now = running.get(key);
    if (now === undefined) return run(key);
    let waiting = next.get(key);
    if (waiting === undefined) {
      const start = (): Promise<T> => {
        next.delete(key);
        return run(key);
      };
      waiting = now.then(start, start);
      next.set(key, waiting);
    }
    return waiting;
  };
}

/** A sender's permissions say nothing of its reply subject, and ours are those of a host: an answer must not become a record, or mail. */
function mayAnswer(reply: string): boolean {
  return isInbox(reply) || reply.startsWith('_R_.');
}

/** What goes outside: where in our code something was thrown is nobody's business there. */
function told(thrown: unknown): WireError {
  const { stack: _stack, cause: _cause, ...error } = toWireError(thrown);
  return error;
}

export function createThrottleDoor({ runtime, records, random = systemRandom }: ThrottleDoorOptions): Service {
  const { nc, publisher, subjects } = runtime;
  const me = random.token();
  const waiting = new Map<string, Waiting>();
  const subscriptions: { unsubscribe(): void }[] = [];
  let requests = 0;

  const answer = (reply: string | undefined, what: Answer): void => {
    if (reply === undefined || !mayAnswer(reply) || nc.isClosed()) return;
    nc.publish(reply, encodeJson({ v: 1, ...what } as unknown as Json));
  };
  const refuse = (reply: string | undefined, cause: unknown): void => answer(reply, { answer: 'refused', error: told(cause) });
  const settle = (request: string, what: Answer): void => {
    const one = waiting.get(request);
    if (one === undefined) return;
    waiting.delete(request);
    one.cancel();
    answer(one.reply, what);
  };

  /** The entity tells under the name that a lease has inside. */
  const hear = (told: { readonly request: string; readonly answer: string; readonly lease: string }): void => {
    const one = waiting.get(told.request);
    if (one === undefined) return;
    const { request: _request, ...rest } = told;
    const heard = { ...rest, lease: one.lease } as unknown as Answer;
    if (heard.answer === 'queued' && !one.isOver) one.queued = heard;
    else settle(told.request, heard);
  };

  const order = async (root: string, kind: keyof typeof ORDERS, { v: _v, ...body }: ThrottleOrder): Promise<void> => {
    const id = `throttle-door.${me}.${requests++}`;
    await publisher.publish(
      subjects.mail({ kind: 'throttle', key: root }, 'verb'),
      encodeMail({ id, type: ORDERS[kind], body: body as unknown as Json }),
      { id },
    );
  };

  /** Mail to the entity; its answer comes by `hear`. */
  const ask = async (root: string, kind: ThrottleRequestKind, asked: OfHolder, reply: string): Promise<void> => {
    const request = `${me}.${requests++}`;
    const waitMs = kind === 'acquire' ? ((asked as AcquireRequest).waitMs ?? throttleTimes.waitMs) : 0;
    const unanswered = (): void =>
      settle(request, {
        answer: 'refused',
        error: { code: 'unanswered', message: `the throttle of ${root} did not answer; ask again`, retryable: true },
      });
    let cancel = systemClock.setTimer(waitMs, () => {
      const one = waiting.get(request);
      if (one === undefined) return;
      if (one.queued !== undefined) return settle(request, one.queued);
      one.isOver = true;
      cancel = systemClock.setTimer(UNANSWERED_MS, unanswered);
    });
    waiting.set(request, { reply, lease: asked.lease, cancel: () => cancel(), queued: undefined, isOver: false });
    const { v: _v, holder, within, ...fields } = asked as AcquireRequest;
    const body = {
      ttlMs: throttleTimes.ttlMs,
      ...fields,
      ...(within === undefined ? {} : { held: [{ lease: outsideLease(within), scope: root }] }),
      lease: outsideLease(asked.lease),
      waitMs,
      tell: { door: me, request },
    };
    const from = { kind: OUTSIDE, key: holder ?? asked.lease };
    const id = `throttle-door.${request}`;
    const mail = encodeMail({ id, type: kind, body: body as unknown as Json, from });
    try {
      await publisher.publish(subjects.mail({ kind: 'throttle', key: root }, 'entity'), mail, { id });
    } catch (cause) {
      settle(request, { answer: 'refused', error: told(cause) });
    }
  };

  const read = shared(async (root: string) => {
    const address = { kind: 'throttle', key: root };
    const began = systemClock.monotonic();
    for (let reads = 1; ; reads++) {
      const loaded = await records.load(address);
      // what was removed between the root and its items would be missing; where many change it all the time that must do
      const isLast = reads === READS || systemClock.monotonic() - began > READ_FOR_MS;
      if (loaded !== undefined && !isLast && !(await records.isCurrent(address, loaded.revision))) continue;
      return readThrottle(root, loaded === undefined ? undefined : entityRecordOf(loaded));
    }
  });

  const explain = async (root: string, { lease }: ExplainRequest): Promise<Json> => {
    const record = await read(root);
    const now = runtime.serverNow();
    if (lease === undefined) return record.status(now) as unknown as Json;
    const outside = record.explain(outsideLease(lease), now);
    // an operation's, perhaps
    const explained = outside.state === 'unknown' ? record.explain(lease, now) : outside;
    return { ...explained, lease } as unknown as Json;
  };

  const handle = async (subject: string, data: Uint8Array, reply: string): Promise<void> => {
    const addressed = subjects.parseThrottle(subject);
    const kind = throttleRequests.find((one) => one === addressed?.request);
    if (addressed === undefined)
      throw new TroupeError('malformed', 'the subject names no root, or one that is too long', { field: 'scope' });
    if (kind === undefined)
      throw new TroupeError('malformed', `a request is one of ${throttleRequests.join(', ')}, not ${addressed.request}`, { field: '' });
    const { root } = addressed;
    const request = parseThrottleRequest(kind, data);
    if ('scope' in request && rootOf(request.scope) !== root)
      throw new TroupeError('malformed', `${kind}: scope ${request.scope} is not below ${root}`, { field: 'scope' });
    if (kind === 'explain') answer(reply, { answer: 'explained', explanation: await explain(root, request as ExplainRequest) });
    else if (kind in ORDERS) {
      // the entity passes over an order that is none
      if ('rate' in request && request.rate !== null) checkRate('rate', request.rate as Rate);
      await order(root, kind as keyof typeof ORDERS, request as ThrottleOrder);
      answer(reply, { answer: 'ordered' });
    } else await ask(root, kind, request as OfHolder, reply);
  };

  const start = async (): Promise<void> => {
    subscriptions.push(
      nc.subscribe(subjects.told(me), { callback: (_error, message) => hear(message.json()) }),
      nc.subscribe(subjects.throttleFilter(), {
        queue: QUEUE_GROUP,
        callback: (error, { subject, data, reply }) => {
          if (error === null || error === undefined) handle(subject, data, reply ?? '').catch((cause: unknown) => refuse(reply, cause));
        },
      }),
    );
    await nc.flush();
  };

  const stop = async (): Promise<void> => {
    for (const subscription of subscriptions.splice(0)) if (!nc.isClosed()) subscription.unsubscribe();
    const error = { code: 'unavailable', message: 'this door closes; ask again', retryable: true };
    for (const [request, one] of waiting) settle(request, one.queued ?? { answer: 'refused', error });
    if (!nc.isClosed()) await nc.flush().catch(() => undefined);
  };

  return createService('throttle door', { start, stop });
}
