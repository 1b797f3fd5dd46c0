/**
 * The place of a subscription in EVENTS: a durable consumer under its name. Whoever may make consumers may have messages of the
 * stream sent anywhere, so it may be an administrator who prepares it, once; subscribers then need no more than to be handed events.
 */
import { askApi, isSubscriptionName, SUBSCRIPTION_NAME } from '@troupe/jetstream/internal';
import { TroupeError } from '@troupe/protocol';
import { isDenied, notPermitted, readError } from './errors.ts';
import type { Session } from './session.ts';

export interface SubscriptionPlace {
  /** Names the place that is kept, 1 to 64 characters of A-Z a-z 0-9 _ -. Subscriptions of one name share the events. */
  readonly name: string;
  /** First words of topics, such as `[['operation'], ['resource', 'volume']]`. Default: everything. Changed for the name if it differs. */
  readonly topics?: readonly (readonly string[])[];
  /** Where a name that is not known yet begins. EVENTS keeps seven days. Default `new`. */
  readonly from?: 'new' | 'oldest';
  /** One after the other, in the order in which they were stored; a failing event holds up the rest. Default false. */
  readonly inOrder?: boolean;
  /** Events at once, of all subscriptions of the name together. Default 16; 1 with `inOrder`. */
  readonly concurrency?: number;
}

const ACK_WAIT_MS = 30_000;
const NANOS = 1_000_000;

/** Throws `invalid_options` that names the field. */
export function checkPlace({ name, topics, from = 'new', inOrder = false, concurrency = inOrder ? 1 : 16 }: SubscriptionPlace): number {
  if (!isSubscriptionName(name)) throw wrong('name', `must be ${SUBSCRIPTION_NAME}`);
  if (!Number.isInteger(concurrency) || concurrency < 1) throw wrong('concurrency', 'must be a whole number of 1 or more');
  if (inOrder && concurrency > 1) throw wrong('concurrency', 'must be 1 with inOrder');
  if (topics?.length === 0) throw wrong('topics', 'must name a topic');
  if (from !== 'new' && from !== 'oldest') throw wrong('from', 'must be new or oldest');
  return concurrency;
}

/** Makes the place, or makes it as it should be. Throws `invalid_options` that names the field, `not_permitted`, `unavailable`. */
export async function prepareSubscription(session: Session, place: SubscriptionPlace): Promise<{ readonly concurrency: number }> {
  const { name, topics = [[]], from = 'new' } = place;
  const concurrency = checkPlace(place);
  await session.ready();
  const { subjects } = session;
  // a filter a.b.> leaves out a.b itself
  const filters = topics.flatMap((topic) => {
    const all = subjects.liveFilter(topic).replace(`${subjects.ns}.live.`, `${subjects.ns}.event.`);
    return topic.length === 0 ? [all] : [subjects.event(topic), all];
  });
  await makeConsumer(session, subjects.streams.events, {
    durable_name: name,
    ack_policy: 'explicit',
    ack_wait: ACK_WAIT_MS * NANOS,
    deliver_policy: from === 'new' ? 'new' : 'all',
    max_ack_pending: concurrency,
    max_deliver: -1,
    ...(filters.length === 1 ? { filter_subject: filters[0]! } : { filter_subjects: filters }),
  });
  return { concurrency };
}

/** Gives up the place; one that is not there is gone. */
export async function removeSubscription(session: Session, name: string): Promise<void> {
  if (!isSubscriptionName(name)) throw wrong('name', `must be ${SUBSCRIPTION_NAME}`);
  await session.ready();
  await ask(session, `$JS.API.CONSUMER.DELETE.${session.subjects.streams.events}.${name}`, '', [NOT_FOUND]);
}

export function wrong(field: string, why: string): TroupeError {
  return new TroupeError('invalid_options', `${field} ${why}`, { field });
}

interface ConsumerConfig {
  readonly durable_name: string;
  readonly max_ack_pending: number;
  readonly filter_subject?: string;
  readonly filter_subjects?: readonly string[];
  readonly [field: string]: unknown;
}

interface ApiAnswer {
  readonly error?: { readonly err_code: number; readonly description: string };
  readonly config?: ConsumerConfig;
}

const NOT_FOUND = 10_014;
const TIMEOUT_MS = 5_000;

/** One that is there and as it should be is only looked at. */
async function makeConsumer(session: Session, stream: string, config: ConsumerConfig): Promise<void> {
  const { durable_name: name } = config;
  const there = await ask(session, `$JS.API.CONSUMER.INFO.${stream}.${name}`, '', [NOT_FOUND]);
  const is = there.config;
  const same = (a: readonly string[], b: readonly string[]): boolean => a.toSorted().join(' ') === b.toSorted().join(' ');
  const filtersOf = (one: ConsumerConfig): readonly string[] =>
    one.filter_subjects ?? (one.filter_subject === undefined ? [] : [one.filter_subject]);
  if (is !== undefined && is.max_ack_pending === config.max_ack_pending && same(filtersOf(is), filtersOf(config))) return;
  // where it begins is settled when it is made
  const wanted =
    is === undefined ? config : { ...is, ...config, deliver_policy: is['deliver_policy'], filter_subject: config.filter_subject };
  const body = JSON.stringify({ stream_name: stream, config: wanted, action: '' });
  await ask(session, `$JS.API.CONSUMER.CREATE.${stream}.${name}`, body);
}

async function ask(session: Session, api: string, body: string, tolerated: readonly number[] = []): Promise<ApiAnswer> {
  let answer: ApiAnswer;
  try {
    answer = (await askApi(session.connection, api, body, TIMEOUT_MS)).json();
  } catch (error) {
    throw isDenied(error) ? notPermitted(`ask ${api}`, error) : readError(error, 'EVENTS');
  }
  if (answer.error === undefined || tolerated.includes(answer.error.err_code)) return answer;
  throw readError(new Error(answer.error.description), 'EVENTS');
}
