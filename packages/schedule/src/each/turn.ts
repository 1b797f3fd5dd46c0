/** One message's worth of work on a fan-out: lists, starts what may start, and ends the run when nothing of it is left. */
import type { Effect, TurnContext } from '@troupe/actor';
import { durationMs, isTroupeError, type Json, type TaskOutcome, type WireError } from '@troupe/protocol';
import { type Attempts, attemptEffect, cancelEffect, firstAttempt, renew, retried } from '../attempts.ts';
import { cancelEffect as cancelOperation, endOf, type OperationSays } from '../execute.ts';
import { countOf, objectCommand, objectOperation } from './operations.ts';
import { FORGOTTEN_TTL_MS, type RunEnded } from '../delegate.ts';
import { eachDefaults, type TaskPart } from './definition.ts';
import { type ListingRequest, parsePage } from './listing.ts';
import { failedAgain, forgiven, passesOver, withoutRun } from './penalties.ts';
import { afterStart, mayStartAt } from './rate.ts';
import type { FanoutEnded, FanoutRoot, FanoutRun, FanoutState, LiveObject, Page } from './state.ts';

/** One wake-up starts what has come due meanwhile: no turn for each object of a rate. */
const LEAST_WAIT_MS = 200;
const ERROR_CHARS = 120;
const EVERY_ONE = 'every_object_failed';

export class FanoutTurn {
  readonly effects: Effect[] = [];
  private readonly state: FanoutState;
  private readonly root: FanoutRoot;
  private readonly context: TurnContext;

  constructor(state: FanoutState, context: TurnContext) {
    this.state = state;
    this.root = state.root!;
    this.context = context;
  }

  /** Everything that may happen now, in the order in which it can. */
  go(): void {
    const { current } = this.root;
    this.sendDue();
    if (current !== undefined && current.cancelled !== true) {
      this.startObjects(current);
      if (current.page === undefined && current.listedAll !== true && current.list === undefined) this.list(current);
    }
    if (current !== undefined) this.endIfOver(current);
    this.wakeInTime();
    if (this.root.forgotten === true && this.root.current === undefined && this.state.live.size === 0) {
      this.effects.push({ type: 'end', ttlMs: FORGOTTEN_TTL_MS });
    }
  }

  private list(current: FanoutRun): void {
    current.list = firstAttempt(this.context);
    this.sendListing(current, current.list);
  }

  private sendListing(current: FanoutRun, list: Attempts): void {
    const { each, cursor, run, pages } = current;
    const input: ListingRequest = {
      input: each.input,
      ...(cursor === undefined ? {} : { cursor }),
      limit: each.pageSize ?? eachDefaults.pageSize,
    };
    this.send(each.list, list, { run, step: `list ${pages}`, input: input as unknown as Json });
  }

  private send(task: TaskPart, attempts: Attempts, { run, step, input }: { run: string; step: string; input: Json }): void {
    const { context } = this;
    this.effects.push(attemptEffect(this.nameOf(run, step), task, attempts, { step, input, context }));
  }

  private nameOf(run: string, step: string): string {
    return `fanout:${this.context.self.key}:${run}:${step}`;
  }

  listed(outcome: TaskOutcome): void {
    const current = this.root.current!;
    if (current.cancelled === true) return void delete current.list;
    if (outcome.kind === 'failed' || outcome.kind === 'unknown') return this.listingFailed(current, current.list!, outcome);
    delete current.list;
    if (outcome.kind === 'cancelled') return this.cancel();
    try {
      const { items, cursor } = parsePage(outcome.output, current.cursor);
      this.compact();
      if (items.length > 0) {
        const { run: task, execute } = current.each;
        const what = execute === undefined ? { task: task! } : { execute };
        const page: Page = { seq: current.seq, run: current.run, ...what, items };
        const name = `${current.seq}.${current.pages}`;
        this.keep(name, page);
        current.page = { name, next: 0 };
        current.counts.listed += items.length;
      }
      current.pages++;
      // from here on a crash asks for the page after this one, which is in the record
      if (cursor === undefined) {
        current.listedAll = true;
        delete current.cursor;
      } else current.cursor = cursor;
    } catch (error) {
      if (!isTroupeError(error)) throw error;
      this.stopListing(current, { code: error.code, message: error.message });
    }
  }

  private keep(name: string, page: Page): void {
    this.state.pages.set(name, page);
    this.effects.push({ type: 'putItem', item: name, body: page as unknown as Json });
  }

  /** Pages before the new one shrink to what still lives of them. */
  private compact(): void {
    const { state } = this;
    for (const [name, page] of state.pages) {
      const living = [...state.live].filter(([, object]) => object.page === name);
      if (living.length * 2 > page.items.length) continue;
      this.keep(name, { ...page, items: living.map(([, { at }]) => page.items[at]!) });
      for (const [i, [key, object]] of living.entries()) state.live.set(key, { ...object, at: i });
    }
  }

  private listingFailed(current: FanoutRun, list: Attempts, outcome: Extract<TaskOutcome, { kind: 'failed' | 'unknown' }>): void {
    const error = retried(list, current.each.list, outcome, this.context);
    if (error !== undefined) this.stopListing(current, error);
  }

  private stopListing(current: FanoutRun, { code, message }: WireError): void {
    delete current.list;
    current.listedAll = true;
    current.error = { code, message: `the listing failed on page ${current.pages}: ${message}`.slice(0, 300) };
  }

  private startObjects(current: FanoutRun): void {
    const { state, root, context } = this;
    const { inFlight = eachDefaults.inFlight, perSecond = eachDefaults.perSecond, jitter } = current.each;
    while (current.page !== undefined) {
      const { name, next } = current.page;
      const page = state.pages.get(name)!;
      const { key } = page.items[next]!;
      const lives = state.live.get(key);
      if (lives === undefined && this.isPenalised(current, key)) {
        current.counts.skippedPenalty = (current.counts.skippedPenalty ?? 0) + 1;
        this.publish('objectSkipped', { run: current.run, object: key, why: 'penalty' });
      } else if (lives === undefined) {
        if (state.live.size >= inFlight || mayStartAt(root.rateAt, perSecond) > context.now) return;
        root.rateAt = afterStart(root.rateAt, context.now, perSecond);
        const object: LiveObject = { page: name, at: next, ...firstAttempt(context) };
        state.live.set(key, object);
        if (jitter === undefined) this.sendObject(object);
        else object.dueAt = context.now + Math.floor(durationMs(jitter) * context.random());
      } else {
        current.counts.skippedOverlap++;
        this.publish('objectSkipped', { run: current.run, object: key, waitsFor: state.pages.get(lives.page)!.run });
      }
      if (next + 1 < page.items.length) current.page.next++;
      else {
        delete current.page;
        this.dropPage(name);
      }
    }
  }

  /** Who asks by hand is held up by nothing. */
  private isPenalised({ nominal }: FanoutRun, key: string): boolean {
    return nominal !== undefined && passesOver(this.root.penalties ?? [], key, this.context.now);
  }

  private sendObject(object: LiveObject): void {
    const { run, task, execute, items } = this.state.pages.get(object.page)!;
    const item = items[object.at]!;
    if (execute === undefined) return this.send(task!, object, { run, step: `object ${item.key}`, input: item.input });
    object.operation = objectOperation(this.context.self.key, run, item.key);
    this.effects.push(objectCommand(object.operation, execute, item, this.context));
  }

  private sendDue(): void {
    const { root, state, context } = this;
    const list = root.current?.list;
    if (list?.dueAt !== undefined && list.dueAt <= context.now) {
      renew(list, context);
      this.sendListing(root.current!, list);
    }
    for (const object of state.live.values()) {
      if (object.dueAt === undefined || object.dueAt > context.now) continue;
      renew(object, context);
      this.sendObject(object);
    }
  }

  objectEnded(key: string, outcome: TaskOutcome): void {
    const object = this.state.live.get(key)!;
    const { task } = this.state.pages.get(object.page)!;
    if (outcome.kind === 'succeeded' || outcome.kind === 'cancelled') return this.endObject(key, outcome.kind);
    const error = retried(object, task!, outcome, this.context);
    if (error !== undefined) this.endObject(key, outcome.kind, `${error.code}: ${error.message}`.slice(0, ERROR_CHARS));
  }

  /** Whether it was one of an object that lives. */
  operationEnded(type: string, body: OperationSays): boolean {
    const found = [...this.state.live].find(([, { operation }]) => operation !== undefined && operation === body.operation);
    const end = found === undefined ? undefined : endOf(type, body);
    if (end === undefined) return false;
    const error = end.ended === 'failed' || end.ended === 'rejected' ? end.error : undefined;
    this.endObject(found![0], countOf(end), error?.slice(0, ERROR_CHARS));
    return true;
  }

  private endObject(key: string, how: TaskOutcome['kind'] | 'conflicted', error?: string): void {
    const { current } = this.root;
    const { page: name, attempt } = this.state.live.get(key)!;
    const { seq, run } = this.state.pages.get(name)!;
    this.state.live.delete(key);
    this.countFailures(key, how, seq);
    const isCurrent = current?.seq === seq;
    if (isCurrent) {
      current.counts[how] = (current.counts[how] ?? 0) + 1;
      if (
        error !== undefined &&
        how !== 'conflicted' &&
        current.failures.length < (current.each.keepFailures ?? eachDefaults.keepFailures)
      ) {
        current.failures.push({ key, error });
      }
    }
    // what ends well is counted and not told, for it is the main load; what was carried over is told always
    if (error !== undefined || !isCurrent) this.publish('objectEnded', { run, object: key, ended: how, attempts: attempt, ...told(error) });
    this.dropPage(name);
  }

  private countFailures(key: string, how: TaskOutcome['kind'] | 'conflicted', seq: number): void {
    const { root, context } = this;
    const { penalties = [] } = root;
    if (how === 'succeeded') root.penalties = forgiven(penalties, key);
    else if (how === 'failed' || how === 'unknown') {
      const cap = root.current?.each.penaltyCap ?? eachDefaults.penaltyCap;
      root.penalties = failedAgain(penalties, key, { cap, now: context.now, seq });
    }
    if (root.penalties?.length === 0) delete root.penalties;
  }

  /** When nothing of it lives, and it is not being started. */
  private dropPage(name: string): void {
    if (this.root.current?.page?.name === name) return;
    for (const object of this.state.live.values()) if (object.page === name) return;
    if (this.state.pages.delete(name)) this.effects.push({ type: 'removeItem', item: name });
  }

  private endIfOver(current: FanoutRun): void {
    if (current.list !== undefined) return;
    const started = current.cancelled === true || (current.listedAll === true && current.page === undefined);
    if (!started) return;
    if (this.livesOf(current) === 0) return this.end(current);
    if (current.toldStarted === true || current.cancelled === true) return;
    current.toldStarted = true;
    this.tell('run.started', { seq: current.seq });
  }

  private livesOf({ seq }: FanoutRun): number {
    let count = 0;
    for (const { page } of this.state.live.values()) if (this.state.pages.get(page)!.seq === seq) count++;
    return count;
  }

  /** Leaves alone what lives; possible once everything has been started. */
  close(): void {
    const current = this.root.current!;
    if (current.toldStarted === true) this.leave();
  }

  /** Ends the run as it stands: what lives ends by itself, what has not been started is not. */
  leave(): void {
    const current = this.root.current!;
    this.dropRest(current);
    current.counts.carriedOver = this.livesOf(current);
    this.end(current);
  }

  private dropRest(current: FanoutRun): void {
    const { page } = current;
    if (page === undefined) return;
    current.counts.notStarted += this.state.pages.get(page.name)!.items.length - page.next;
    delete current.page;
    this.dropPage(page.name);
  }

  cancel(): void {
    const current = this.root.current!;
    if (current.cancelled === true) return;
    current.cancelled = true;
    this.dropRest(current);
    if (
      current.list !== undefined &&
      !this.cancelAttempts(current.list, current.each.list, this.nameOf(current.run, `list ${current.pages}`))
    ) {
      delete current.list;
    }
    for (const [key, object] of this.state.live) {
      const { seq, run, task } = this.state.pages.get(object.page)!;
      if (seq !== current.seq) continue;
      const { operation } = object;
      if (operation !== undefined) this.effects.push(cancelOperation({ id: operation, operation }));
      else if (task === undefined || !this.cancelAttempts(object, task, this.nameOf(run, `object ${key}`)))
        this.endObject(key, 'cancelled');
    }
  }

  /** False when none runs. */
  private cancelAttempts(attempts: Attempts, task: TaskPart, name: string): boolean {
    const told = cancelEffect(name, task, attempts);
    if (told !== undefined) this.effects.push(told);
    return told !== undefined;
  }

  private end(current: FanoutRun): void {
    const { now } = this.context;
    const { seq, run, counts, failures, orderedAt } = current;
    const error = current.error ?? (current.cancelled === true ? undefined : nothingWorked(current));
    const ended: RunEnded['ended'] = current.cancelled === true ? 'cancelled' : error === undefined ? 'succeeded' : 'failed';
    const last: FanoutEnded = {
      seq,
      run,
      at: now,
      tookMs: now - orderedAt,
      ended,
      counts: { ...counts },
      failures,
      ...(error === undefined ? {} : { error }),
    };
    if (error?.code === EVERY_ONE && this.root.penalties !== undefined) this.root.penalties = withoutRun(this.root.penalties, seq);
    delete this.root.current;
    this.root.last = last;
    this.publish('listed', last);
    this.tellEnded();
  }

  tellEnded(): void {
    const { seq, ended, counts, error } = this.root.last!;
    const body: RunEnded = { seq, ended, counts: counts!, ...(error === undefined ? {} : { error }) };
    this.tell('run.ended', body as unknown as Json);
  }

  private tell(type: string, body: Json): void {
    this.effects.push({ type: 'send', to: { kind: 'schedule', key: this.context.self.key }, mail: { type, body } });
  }

  private publish(what: string, body: object): void {
    this.effects.push({ type: 'publish', topic: ['schedule', this.context.self.key, what], body: { ...body } as Json });
  }

  /** One timer for the earliest of all that waits for a time. */
  private wakeInTime(): void {
    const { root, context } = this;
    const at = this.nextTime();
    if (root.wake !== undefined && (at === undefined || at < root.wake.at)) {
      this.effects.push({ type: 'cancel', timer: root.wake.id });
      delete root.wake;
    }
    if (at === undefined || root.wake !== undefined) return;
    const id = context.newId();
    root.wake = { id, at };
    this.effects.push({ type: 'send', to: context.self, mail: { type: 'timer.wake', body: null }, at, id });
  }

  private nextTime(): number | undefined {
    const { state, root, context } = this;
    const { current } = root;
    const times = [...state.live.values(), ...(current?.list === undefined ? [] : [current.list])].flatMap(({ dueAt }) => dueAt ?? []);
    if (current?.page === undefined) return least(times);
    const { inFlight = eachDefaults.inFlight, perSecond = eachDefaults.perSecond } = current.each;
    if (state.live.size < inFlight) {
      times.push(Math.max(mayStartAt(root.rateAt, perSecond), context.now + LEAST_WAIT_MS));
    }
    return least(times);
  }
}

function least(times: readonly number[]): number | undefined {
  return times.length === 0 ? undefined : Math.ceil(Math.min(...times));
}

function told(error: string | undefined): { error?: string } {
  return error === undefined ? {} : { error };
}

/** A backend that is down fails every object: for the schedule that is a failed run. Single objects are theirs alone. */
function nothingWorked({ counts, failures }: FanoutRun): RunEnded['error'] {
  const { failed, unknown, succeeded, carriedOver } = counts;
  if (failed + unknown === 0 || succeeded + carriedOver > 0) return undefined;
  return { code: EVERY_ONE, message: `all ${failed + unknown} objects failed, the first: ${failures[0]?.error ?? '-'}` };
}
