/** Schedules: what people do to them, and what their records say. Verbs are mail; reading needs the right to read STATE. */
import { type EntityRecord, sleep } from '@troupe/actor';
import type { Address, Json, JsonObject, WireError } from '@troupe/protocol';
import { fromWireError, TroupeError } from '@troupe/protocol';
import { defineSchedule, explainSchedule, type ScheduleExplanation, type ScheduleOptions } from '@troupe/schedule';
import { isDenied, unanswered } from './errors.ts';
import { limitOf } from './options.ts';
import type { Reader } from './reader.ts';
import type { Session } from './session.ts';
import { named, type ReasonedOptions, sendVerb, type VerbOptions } from './verbs.ts';
import { watch } from './watch.ts';

export interface ScheduleInfo extends ScheduleExplanation {
  /** Its turns fail over and over: nothing of it runs until somebody releases `schedule/<key>`. */
  readonly quarantine?: string;
}

export interface ScheduleFilter {
  readonly status?: ScheduleExplanation['status'];
  /** Default: deleted ones are left out. */
  readonly deleted?: boolean;
  /** Default 100. */
  readonly limit?: number;
  readonly signal?: AbortSignal;
}

export interface Schedules {
  /**
   * Makes a schedule or changes it; resolves when its entity has taken it. A pause outlives a change. Throws `invalid_options`
   * (names the field; also when it comes more often than schedulers allow), `unanswered` (it is stored: a scheduler takes it when
   * one runs), `not_permitted`. A user who may not read is not told a refusal by the entity.
   */
  define(key: string, options: ScheduleOptions, verb?: VerbOptions): Promise<void>;
  /** Nothing of it starts any more; a run that lives goes on. Throws `unknown_schedule`, as all verbs do where the user may read. */
  pause(key: string, verb?: ReasonedOptions): Promise<void>;
  /** Ends a pause, its own after a failure as well, and forgives failures. What has passed meanwhile is not run. */
  resume(key: string, verb?: ReasonedOptions): Promise<void>;
  /** Runs it once, also while it is paused; not while a run lives. */
  runNow(key: string, verb?: ReasonedOptions): Promise<void>;
  /** A run that lives is cancelled. One that the code of an app defines stays deleted until that code changes. */
  delete(key: string, verb?: ReasonedOptions): Promise<void>;
  /** In the order of their last change, oldest first. */
  list(filter?: ScheduleFilter): Promise<ScheduleInfo[]>;
  /** One of them, or undefined. */
  show(key: string): Promise<ScheduleInfo | undefined>;
  /** Why it does not run, and when it will. Throws `unknown_schedule`. */
  explain(key: string): Promise<ScheduleInfo>;
  /** The coming nominal times, epoch milliseconds, those included that will be passed over. None while it is paused. Throws `unknown_schedule`. */
  next(key: string, n?: number): Promise<readonly number[]>;
}

const SHOWN = 5;
const LOOK_MS = 100;

const addressOf = (key: string): Address => ({ kind: 'schedule', key: named(key, 'key') });

export function createSchedules(session: Session, reader: Reader): Schedules {
  const infoOf = async (key: string, n = SHOWN): Promise<ScheduleInfo | undefined> => {
    const stored = await reader.entity(addressOf(key));
    if (stored === undefined) return undefined;
    const { record, quarantine } = stored;
    const info = explained(key, record, await session.now(), n);
    if (quarantine === undefined) return info.status === 'unknown' ? undefined : info;
    const reason = quarantine.reason;
    return { ...info, quarantine: reason, text: `in quarantine: ${reason}; before that: ${info.text}` };
  };
  const mustBe = async (key: string, n?: number): Promise<ScheduleInfo> => {
    const info = await infoOf(key, n);
    if (info === undefined) throw unknownSchedule(key);
    return info;
  };
  const order = async (key: string, verb: string, { by, reason, ...options }: ReasonedOptions): Promise<void> => {
    const to = addressOf(key);
    await mayRead(session, () => mustBe(key));
    const body = { ...(by === undefined ? {} : { by }), ...(reason === undefined ? {} : { reason }) };
    await sendVerb(session, to, `verb.${verb}`, body, options);
  };
  return {
    define: (key, options, verb = {}) => define(session, reader, key, options, verb),
    pause: (key, verb = {}) => order(key, 'pause', verb),
    resume: (key, verb = {}) => order(key, 'resume', verb),
    runNow: (key, verb = {}) => order(key, 'runNow', verb),
    delete: (key, verb = {}) => order(key, 'delete', verb),
    async list({ status, deleted = false, limit, signal } = {}) {
      const most = limitOf(limit);
      const found: ScheduleInfo[] = [];
      for await (const { key } of reader.roots('schedule')) {
        signal?.throwIfAborted();
        const info = await infoOf(key);
        if (info === undefined || (info.status === 'deleted' && !deleted && status !== 'deleted')) continue;
        if (status === undefined || info.status === status) found.push(info);
        if (found.length === most) break;
      }
      return found;
    },
    show: (key) => infoOf(key),
    explain: (key) => mustBe(key),
    next: async (key, n = SHOWN) => (await mustBe(key, limitOf(n))).next,
  };
}

async function define(
  session: Session,
  reader: Reader,
  key: string,
  options: ScheduleOptions,
  { id = session.settings.random.token(), by, signal }: VerbOptions,
): Promise<void> {
  const to = addressOf(key);
  const definition = defineSchedule(options) as unknown as Json;
  const body: JsonObject = { definition, ...(by === undefined ? {} : { by }) };
  const feed = await watch(session, { topics: [['schedule', key, 'refused']], maxWaiting: 100 });
  let refusal: WireError | undefined;
  const hearing = (async () => {
    for await (const event of feed) {
      const { verb, error } = event.body as { verb?: string; error?: WireError };
      if (verb === `verb.${id}`) refusal = error;
    }
  })().catch(() => undefined);
  try {
    await sendVerb(session, to, 'verb.define', body, { id, ...(signal === undefined ? {} : { signal }) });
    const { clock, answerTimeoutMs } = session.settings;
    const end = clock.monotonic() + answerTimeoutMs;
    const isTaken = async (): Promise<boolean> => {
      const root = (await reader.root(to))?.root.s as { verbs?: readonly string[] } | undefined;
      return root?.verbs?.includes(`verb.${id}`) === true;
    };
    await mayRead(session, async () => {
      for (;;) {
        if (refusal !== undefined) throw fromWireError(refusal);
        if (await isTaken()) return;
        if (clock.monotonic() >= end) throw unanswered('the definition of schedule', key);
        await sleep(clock, LOOK_MS, signal);
      }
    });
  } finally {
    feed.stop();
    await hearing;
  }
}

/** One record that makes no sense must not hide all others. */
function explained(key: string, record: EntityRecord | undefined, now: number, n: number): ScheduleExplanation {
  try {
    return explainSchedule(key, record, now, n);
  } catch (error) {
    const text = `its record cannot be read: ${error instanceof Error ? error.message : String(error)}`;
    return { ...explainSchedule(key, undefined, now, n), status: 'broken', text };
  }
}

/** A user who may not read must know for himself. */
async function mayRead(session: Session, read: () => Promise<unknown>): Promise<void> {
  if (!session.mayRead) return;
  try {
    await read();
  } catch (error) {
    if (!isDenied(error)) throw error;
    session.mayRead = false;
  }
}

/** You see this when there is no schedule of that key, or it was deleted longer than a day ago. */
function unknownSchedule(key: string): TroupeError {
  return new TroupeError('unknown_schedule', `there is no schedule ${key}`, { field: 'key' });
}
