/** One message's worth of work on a schedule: decides what becomes of nominal times, and keeps at most one run alive. */
import type { Effect, Incoming, TurnContext } from '@troupe/actor';
import { durationMs, type Json, type TaskEnded } from '@troupe/protocol';
import { nextAttempt } from '@troupe/task';
import { armAlarm, owes, settle } from './alarm.ts';
import type { BreakerAnswer } from './breaker/state.ts';
import { calendarOf } from './calendar.ts';
import type { RunEnded, RunNamed } from './delegate.ts';
import { MAX_CATCH_UP, scheduleDefaults, spreadMs } from './definition.ts';
import { type Due, dueTimes } from './due.ts';
import { asksBreaker, tellBreaker, whyNot } from './scope.ts';
import { endOf, type OperationSays } from './execute.ts';
import { countFailure, type Failure, forgive, heldUpBy } from './failures.ts';
import { beginRun, nominalOf, sendAttempt, tellCancel, tellDelegate } from './start.ts';
import { KEPT_OUTCOMES, type Outcome, type Run, type ScheduleRoot, type WaitingRun } from './state.ts';
import type { Working } from './working.ts';

export class Turn implements Working {
  readonly effects: Effect[] = [];
  readonly root: ScheduleRoot;
  readonly key: string;
  readonly context: TurnContext;

  constructor(root: ScheduleRoot, context: TurnContext) {
    this.root = root;
    this.key = context.self.key;
    this.context = context;
  }

  /** The timer that the state names has fired. */
  tick(message: Incoming): void {
    const { root } = this;
    if (root.status !== 'active' || root.timer === undefined || message.timer !== root.timer.id) return;
    delete root.timer;
    this.handleDue();
    this.arm();
  }

  /** Decides every nominal time that has passed, and moves `next` beyond it: that is why none is decided twice. */
  handleDue(): void {
    const { root, context } = this;
    const { definition } = root;
    const until = context.now - spreadMs(definition, this.key);
    if (root.next === undefined || root.next > until) return;
    owes(this, root.next);
    const missed = definition.missed ?? scheduleDefaults.missed;
    const due = dueTimes(calendarOf(definition.timing), root.next, until, typeof missed === 'object' ? missed.all : 1);
    if (due.next === undefined) delete root.next;
    else root.next = due.next;
    const lateMs = durationMs(definition.lateAfter ?? scheduleDefaults.lateAfter) + jitterMs(root);
    const isLate = (nominal: number): boolean => until - nominal > lateMs;
    this.recordEarlier(due, missed === 'latest' ? 'coalesced' : 'missed');
    const caughtUp = due.last.length > 1 || due.earlier !== undefined || isLate(due.last[0]!);
    for (const nominal of due.last) {
      if (missed === 'skip' && isLate(nominal)) this.record({ nominal, what: 'missed', at: context.now });
      else this.decide(nominal, caughtUp && missed !== 'skip', due.last.length > 1);
    }
  }

  private recordEarlier({ earlier }: Due, what: 'coalesced' | 'missed'): void {
    if (earlier === undefined) return;
    const { from, to, count } = earlier;
    this.record({ nominal: from, ...(count > 1 ? { to, count } : {}), what, at: this.context.now });
  }

  /** `queued`: one of several that are caught up, which run one after the other whatever the policy of overlap. */
  private decide(nominal: number, caughtUp: boolean, queued: boolean): void {
    if (this.isHeldUp(nominal)) return;
    const wanted: WaitingRun = { id: new Date(nominal).toISOString(), nominal, ...(caughtUp ? { caughtUp: true } : {}) };
    this.want(wanted, queued);
  }

  /** What failed before passes this one over; recorded. */
  private isHeldUp(nominal: number): boolean {
    const { root, context } = this;
    const at = context.now;
    const what = heldUpBy(root, at);
    if (what === undefined) return false;
    this.record({ nominal, what, at });
    return true;
  }

  /** Starts it, or does with it what the policy of overlap says. */
  want(wanted: WaitingRun, queued = false): void {
    const { root, context } = this;
    if (root.run === undefined) return this.start(wanted);
    if (root.run.allStarted === true && root.waiting.length === 0 && !queued) {
      // what still lives of it is passed over object by object
      root.waiting = [wanted];
      return this.closeRun(root.run);
    }
    const overlap = root.definition.overlap ?? scheduleDefaults.overlap;
    const full = root.waiting.length >= (queued ? MAX_CATCH_UP : 1);
    if (overlap === 'cancelPrevious' && !queued) {
      // the one that waits has not begun: the newest runs for it
      for (const older of root.waiting) this.record({ ...nominalOf(older), what: 'coalesced', at: context.now, run: older.id });
      root.waiting = [wanted];
      return this.cancelRun();
    }
    if ((queued || overlap === 'bufferOne') && !full) root.waiting.push(wanted);
    else this.record({ ...nominalOf(wanted), what: 'skippedOverlap', at: context.now, run: root.run.id });
  }

  private start(wanted: WaitingRun): void {
    const { context } = this;
    const run: Run = { ...wanted, orderedAt: context.now, attempt: 1, token: context.token() };
    this.root.run = run;
    if (!asksBreaker(this, run)) this.begin(run);
  }

  private begin(run: Run): void {
    beginRun(this, run);
    const { id, caughtUp } = run;
    const operation = run.operation === undefined ? {} : { operation: run.operation };
    this.record({ ...nominalOf(run), what: 'ran', at: this.context.now, run: id, ...operation, ...(caughtUp ? { caughtUp } : {}) });
  }

  /** What the breaker of the scope says: the run begins, or is passed over. */
  breakerSays({ seq, isOpen, until }: BreakerAnswer): void {
    const { root, context } = this;
    const { run } = root;
    if (run?.asking === undefined || run.asking !== seq) return;
    delete run.asking;
    const what = whyNot(root, run, isOpen);
    if (what === undefined) return this.begin(run);
    delete root.run;
    // it may have been let through as the trial
    if (!isOpen) tellBreaker(this, run, 'none');
    else if (until !== undefined) root.openUntil = until;
    this.record({ ...nominalOf(run), what, at: context.now });
    if (root.status === 'deleted') this.endRecord();
    else this.startWaiting();
  }

  /** A run's own retry is not another run: it keeps its name, and its place. */
  attemptEnded({ token, outcome }: TaskEnded): void {
    const { root, context } = this;
    const { run } = root;
    if (run?.task === undefined || run.timer !== undefined || run.token !== token) return;
    if (outcome.kind === 'succeeded' || outcome.kind === 'cancelled') return this.endRun(outcome.kind);
    const after = nextAttempt(run.task.retry, run, outcome, context.random());
    if (run.cancelled === true || after.kind === 'end') {
      const { code, message } = after.kind === 'end' ? after.error : outcome.error;
      const userMessage = outcome.kind === 'failed' ? outcome.userMessage : undefined;
      return this.endRun(outcome.kind, { error: `${code}: ${message}`, code, userMessage });
    }
    run.attempt = after.attempt;
    if (after.reconcile) run.reconcile = true;
    run.timer = context.newId();
    this.effects.push(this.timer('timer.again', context.now + after.delayMs, run.timer));
  }

  again(message: Incoming): void {
    const { run } = this.root;
    if (run?.timer === undefined || message.timer !== run.timer) return;
    delete run.timer;
    run.token = this.context.token();
    sendAttempt(this, run, run.task!);
  }

  /** What the entity says that does the run. */
  delegateSays(type: string, { seq, ended, error, counts, userMessage }: Partial<RunEnded> & RunNamed): void {
    const { run, waiting } = this.root;
    if (run?.by?.seq !== seq) return;
    if (type === 'run.ended')
      return this.endRun(ended!, { error: error && `${error.code}: ${error.message}`, code: error?.code, counts, userMessage });
    run.allStarted = true;
    if (waiting.length > 0) this.closeRun(run);
  }

  /** What the operation says that is the run. */
  operationSays(type: string, body: OperationSays): void {
    const { run } = this.root;
    if (run?.operation === undefined || run.operation !== body.operation || run.id !== body.node) return;
    const end = endOf(type, body);
    if (end !== undefined) this.endRun(end.ended, end);
  }

  private closeRun(run: Run): void {
    if (run.closing === true || run.cancelled === true) return;
    run.closing = true;
    tellDelegate(this, 'run.close');
  }

  /** Tells whoever does the run; it ends when that answers. One that only waits for its retry ends at once. */
  cancelRun(): void {
    const { run } = this.root;
    if (run === undefined || run.cancelled === true) return;
    run.cancelled = true;
    // the answer comes at once, and finds it cancelled
    if (run.asking !== undefined) return;
    if (!tellCancel(this, run)) this.endRun('cancelled');
  }

  private endRun(ended: NonNullable<Outcome['ended']>, { error, code, counts, userMessage }: Partial<Ending> = {}): void {
    const { root, context } = this;
    const run = root.run!;
    delete root.run;
    const kept = root.outcomes.findIndex((one) => one.what === 'ran' && one.run === run.id);
    const how = { ended, ...(error === undefined ? {} : { error: error.slice(0, 120) }), ...(counts === undefined ? {} : { counts }) };
    if (kept >= 0) root.outcomes[kept] = { ...root.outcomes[kept]!, ...how };
    const operation = run.operation === undefined ? {} : { operation: run.operation };
    const tookMs = context.now - run.orderedAt;
    this.publish('ended', { run: run.id, ...nominalOf(run), ...operation, attempts: run.attempt, tookMs, ...how });
    if (ended === 'succeeded') this.succeeded(run);
    // somebody else has the resource: that is no failure of what runs
    else if (ended === 'cancelled' || (ended === 'rejected' && code === 'conflict')) tellBreaker(this, run, 'none');
    else this.failed(run, { code: code ?? '', text: error ?? '', ...(userMessage === undefined ? {} : { userMessage }) });
    if (root.status === 'deleted') return this.endRecord();
    this.startWaiting();
  }

  /** One that the code of an app still defines is kept: else the next start of a scheduler would make it again. */
  endRecord(): void {
    if (this.root.delegates !== undefined) tellDelegate(this, 'run.forget');
    if (this.root.code === undefined) this.effects.push({ type: 'end', ttlMs: DELETED_TTL_MS });
  }

  private startWaiting(): void {
    const { root, context } = this;
    while (root.run === undefined && root.waiting.length > 0) {
      const one = root.waiting.shift()!;
      if (root.status === 'paused') this.record({ ...nominalOf(one), what: 'skippedPaused', at: context.now });
      else if (one.nominal === undefined || !this.isHeldUp(one.nominal)) this.start(one);
    }
  }

  private succeeded(run: Run): void {
    forgive(this.root);
    tellBreaker(this, run, 'succeeded');
    settle(this, `run ${run.id} succeeded`);
  }

  private failed(run: Run, failure: Failure): void {
    tellBreaker(this, run, 'failed', failure.text);
    const pause = countFailure(this.root, failure, this.context.now);
    if (pause !== undefined) this.pause(pause);
  }

  pause(why: NonNullable<ScheduleRoot['pausedFor']>): void {
    const { root } = this;
    if (root.status !== 'active') return;
    settle(this, 'paused');
    root.status = 'paused';
    root.pausedFor = why;
    this.disarm();
    this.publish('paused', why);
  }

  resume(): void {
    const { root } = this;
    if (root.status !== 'paused') return;
    root.status = 'active';
    delete root.pausedFor;
    // somebody has looked at it: what went wrong before does not hold the next run up
    forgive(root);
    this.passOver('skippedPaused');
    this.arm();
    this.publish('resumed', {});
  }

  /** What has passed is recorded, not run; the next nominal time is reckoned from now. */
  passOver(what: 'skippedPaused' | 'replaced'): void {
    const { root, context } = this;
    const calendar = calendarOf(root.definition.timing);
    if (root.next !== undefined && root.next <= context.now) {
      const { last, earlier } = dueTimes(calendar, root.next, context.now, 1);
      const count = 1 + (earlier?.count ?? 0);
      this.record({ nominal: root.next, ...(count > 1 ? { to: last[0]!, count } : {}), what, at: context.now });
    }
    this.reckonNext();
  }

  reckonNext(): void {
    const next = calendarOf(this.root.definition.timing).after(this.context.now);
    if (next === undefined) delete this.root.next;
    else this.root.next = next;
  }

  arm(): void {
    const { root, context } = this;
    armAlarm(this);
    if (root.status !== 'active' || root.next === undefined || root.timer !== undefined) return;
    const id = context.newId();
    const at = root.next + spreadMs(root.definition, this.key) + Math.floor(jitterMs(root) * context.random());
    root.timer = { id, at };
    this.effects.push(this.timer('timer.tick', at, id));
  }

  disarm(): void {
    const { timer } = this.root;
    if (timer === undefined) return;
    delete this.root.timer;
    this.effects.push({ type: 'cancel', timer: timer.id });
  }

  record(outcome: Outcome): void {
    const { root } = this;
    root.outcomes = [...root.outcomes, outcome].slice(-KEPT_OUTCOMES);
    this.publish(outcome.what, outcome);
  }

  publish(what: string, body: object): void {
    this.effects.push({ type: 'publish', topic: ['schedule', this.key, what], body: { ...body } as Json });
  }

  timer(type: string, at: number, id: string): Effect {
    return { type: 'send', to: this.context.self, mail: { type, body: null }, at, id };
  }
}

const DELETED_TTL_MS = 86_400_000;

interface Ending {
  readonly error: string | undefined;
  readonly code: string | undefined;
  readonly counts: Outcome['counts'] | undefined;
  readonly userMessage: string | undefined;
}

function jitterMs({ definition }: ScheduleRoot): number {
  return definition.jitter === undefined ? 0 : durationMs(definition.jitter);
}
