/** One message's worth of work on a retention. */
import type { Effect, TurnContext } from '@troupe/actor';
import { durationMs, encodeJson, isTroupeError, type Json, type TaskOutcome, TroupeError, type WireError } from '@troupe/protocol';
import { type Attempts, attemptEffect, cancelEffect, firstAttempt, renew, retried } from '../attempts.ts';
import { FORGOTTEN_TTL_MS, type RunEnded } from '../delegate.ts';
import { type ListingRequest, parsePage } from '../each/listing.ts';
import { operationOf } from '../execute.ts';
import { retainDefaults } from './definition.ts';
import { type Look, seePage, startLook, surplus } from './look.ts';
import type { Deletion, PreparedCommand, PrepareRequest, RetentionRoot, RetentionRun, RetentionState } from './state.ts';

const MAX_COMMAND_BYTES = 65_536;
const PAGE = 200;

export class RetentionTurn {
  readonly effects: Effect[] = [];
  private readonly root: RetentionRoot;
  private readonly context: TurnContext;

  constructor(state: RetentionState, context: TurnContext) {
    this.root = state.root!;
    this.context = context;
  }

  /** Everything that may happen now. */
  go(): void {
    const { root, context } = this;
    const { current } = root;
    this.sendDue();
    if (current?.phase === 'waiting' && current.lookAt !== undefined && current.lookAt <= context.now) current.phase = 'looking';
    const expires = root.expireAt !== undefined && root.expireAt <= context.now;
    if (root.look === undefined && (current?.phase === 'looking' || expires)) this.look();
    this.wakeInTime();
    const idle = current === undefined && root.look === undefined && root.deletions.length === 0 && root.expireAt === undefined;
    if (root.forgotten === true && idle) this.effects.push({ type: 'end', ttlMs: FORGOTTEN_TTL_MS });
  }

  private look(): void {
    const { root, context } = this;
    root.deletionSeq = Math.max(root.deletionSeq + 1, context.now);
    root.look = { ...startLook(root.deletionSeq), ...firstAttempt(context) };
    this.sendLook(root.look);
  }

  private sendLook(look: Look & Attempts): void {
    const { retain } = this.root;
    const input: ListingRequest = { input: retain.input, ...(look.cursor === undefined ? {} : { cursor: look.cursor }), limit: PAGE };
    const step = stepOf(look);
    this.effects.push(
      attemptEffect(`${this.prefix}:${step}`, retain.list, look, { step, input: input as unknown as Json, context: this.context }),
    );
  }

  private get prefix(): string {
    return `retention:${this.context.self.key}`;
  }

  looked(outcome: TaskOutcome): void {
    const { root, context } = this;
    const look = root.look!;
    if (outcome.kind !== 'succeeded') {
      const error = outcome.kind === 'cancelled' ? CANCELLED : retried(look, root.retain.list, outcome, context);
      if (error !== undefined) this.lookFailed(error);
      return;
    }
    try {
      seePage(look, parsePage(outcome.output, look.cursor), context.now);
    } catch (error) {
      if (!isTroupeError(error)) throw error;
      return this.lookFailed(error);
    }
    if (look.cursor === undefined) return this.seen(look);
    Object.assign(look, firstAttempt(context));
    delete look.reconcile;
    this.sendLook(look);
  }

  private lookFailed({ code, message }: Pick<WireError, 'code' | 'message'>): void {
    const { root, context } = this;
    delete root.look;
    const error = { code, message: `the listing failed: ${message}`.slice(0, 300) };
    if (root.expireAt !== undefined && root.expireAt <= context.now) {
      root.expireAt = context.now + this.recheckMs;
      this.publish('expiryFailed', { error });
    }
    if (root.current?.phase === 'looking') this.fail(root.current, error);
  }

  private get recheckMs(): number {
    return durationMs(this.root.retain.recheck ?? retainDefaults.recheck);
  }

  /** All has been listed: what has been kept long enough goes, and the run that waits for a look goes on. */
  private seen(look: Look): void {
    const { root, context } = this;
    delete root.look;
    const inHand = new Set(root.deletions.map(([, { id }]) => id));
    for (const id of look.expired) if (!inHand.has(id)) this.delete(id, 'expired');
    const again = look.again === true ? context.now + this.recheckMs : undefined;
    const at = Math.min(look.next ?? Infinity, again ?? Infinity);
    if (at === Infinity) delete root.expireAt;
    else root.expireAt = at;
    if (root.current?.phase === 'looking') this.makeRoom(root.current, look);
  }

  private makeRoom(current: RetentionRun, look: Look): void {
    const { root, context } = this;
    const { max } = root.retain;
    if (max === undefined || look.total < max) return this.prepare(current, look.total);
    current.phase = 'waiting';
    current.lookAt = context.now + this.recheckMs;
    // a deletion runs: it makes room, and nothing else is to go for it
    if (look.deleting > 0 || root.deletions.length > 0) return;
    for (const { id } of look.oldest.slice(0, surplus(look, max))) this.delete(id, 'room');
  }

  private delete(id: string, why: Deletion['why']): void {
    const { root, context } = this;
    root.deletionSeq = Math.max(root.deletionSeq + 1, context.now);
    const operation = operationOf(context.self.key, `delete.${root.deletionSeq}`);
    root.deletions.push([operation, { id, why }]);
    this.submit(operation, { executor: root.retain.delete, resource: { kind: root.retain.kind, id } });
    this.publish('deletes', { resource: id, why, operation });
  }

  private submit(id: string, command: PreparedCommand): void {
    const { self, now } = this.context;
    const whole = { v: 1, id, createdAt: new Date(now).toISOString(), ...command };
    const parent = { kind: self.kind, operation: self.key, node: id, leases: [] };
    const body = { command: whole, parent } as unknown as Json;
    this.effects.push({ type: 'send', to: { kind: 'operation', key: id }, mail: { type: 'child', body } });
  }

  private prepare(current: RetentionRun, total: number): void {
    const { root, context } = this;
    const { keep, input } = root.retain;
    current.phase = 'preparing';
    delete current.lookAt;
    current.request = {
      input,
      schedule: context.self.key,
      run: current.run,
      total,
      ...(current.nominal === undefined ? {} : { nominal: current.nominal }),
      ...(keep === undefined ? {} : { keepUntil: context.now + durationMs(keep) }),
    };
    current.prepare = firstAttempt(context);
    this.sendPrepare(current.prepare, current.request);
  }

  private sendPrepare(attempts: Attempts, request: PrepareRequest): void {
    const { prepare } = this.root.retain;
    const input = request as unknown as Json;
    this.effects.push(attemptEffect(`${this.prefix}:${request.run}`, prepare, attempts, { step: 'prepare', input, context: this.context }));
  }

  prepared(outcome: TaskOutcome): void {
    const { root, context } = this;
    const current = root.current!;
    if (outcome.kind === 'failed' || outcome.kind === 'unknown') {
      const error = retried(current.prepare!, root.retain.prepare, outcome, context);
      const userMessage = outcome.kind === 'failed' ? outcome.userMessage : undefined;
      if (error !== undefined) this.fail(current, error, userMessage);
      return;
    }
    delete current.prepare;
    if (outcome.kind === 'cancelled') return this.end(current, 'cancelled');
    let command: PreparedCommand;
    try {
      command = checkPrepared(outcome.output);
    } catch (error) {
      if (!isTroupeError(error)) throw error;
      return this.fail(current, error);
    }
    const { keepUntil } = current.request!;
    if (keepUntil !== undefined) root.expireAt = Math.min(root.expireAt ?? keepUntil, keepUntil);
    // its records are made: the listing tells of them from now on, and an operation ends them
    current.phase = 'creating';
    current.operation = operationOf(context.self.key, `create.${current.seq}`);
    this.submit(current.operation, command);
    if (current.cancelled === true) this.cancelOperation(current.operation);
  }

  /** How an operation that was ordered has ended; `rejected` if it never began. */
  operationEnded(operation: string, outcome: string, error?: WireError): void {
    const { root, context } = this;
    const { current } = root;
    if (operation === current?.operation) {
      if (outcome === 'succeeded') return this.end(current, 'succeeded');
      if (outcome === 'cancelled' && current.cancelled === true) return this.end(current, 'cancelled');
      return this.fail(current, error ?? { code: outcome, message: `operation ${operation} ended ${outcome}` }, error?.userMessage);
    }
    const found = root.deletions.find(([id]) => id === operation);
    if (found === undefined) return;
    const [, { id, why }] = found;
    const isGone = outcome === 'succeeded';
    root.deletions = root.deletions.filter((one) => one !== found);
    if (!isGone) this.publish('deleteFailed', { resource: id, why, operation, outcome, error: error?.message ?? null });
    // whatever was in its way, it may be out of it later; one that is ERRED now stays
    if (!isGone && why === 'expired') root.expireAt = Math.min(root.expireAt ?? Infinity, context.now + this.recheckMs);
    if (current === undefined) return;
    if (isGone) current.deleted++;
    else current.deleteFailed++;
    if (current.phase === 'waiting' && isGone && root.deletions.length === 0) current.phase = 'looking';
  }

  cancel(): void {
    const { root } = this;
    const current = root.current!;
    if (current.cancelled === true) return;
    current.cancelled = true;
    if (current.phase === 'creating') return this.cancelOperation(current.operation!);
    if (current.phase === 'preparing') {
      const told = cancelEffect(`${this.prefix}:${current.run}`, root.retain.prepare, current.prepare!);
      if (told !== undefined) return void this.effects.push(told);
    }
    this.end(current, 'cancelled');
  }

  private cancelOperation(operation: string): void {
    const body = { reason: 'its schedule was told to cancel the run', node: operation };
    this.effects.push({ type: 'send', to: { kind: 'operation', key: operation }, mail: { type: 'verb.cancel', body } });
  }

  private fail(current: RetentionRun, { code, message }: Pick<WireError, 'code' | 'message'>, userMessage?: string): void {
    this.end(current, 'failed', { error: { code, message: message.slice(0, 300) }, ...(userMessage === undefined ? {} : { userMessage }) });
  }

  private end(current: RetentionRun, ended: RunEnded['ended'], why: Pick<RunEnded, 'error' | 'userMessage'> = {}): void {
    const { seq, run, deleted, deleteFailed } = current;
    delete this.root.current;
    const counts = { created: ended === 'succeeded' ? 1 : 0, deleted, deleteFailed };
    this.root.last = { seq, run, ended, counts, ...why };
    this.tellEnded();
  }

  tellEnded(): void {
    const { run: _, ...body } = this.root.last!;
    const to = { kind: 'schedule', key: this.context.self.key };
    this.effects.push({ type: 'send', to, mail: { type: 'run.ended', body: body as unknown as Json } });
  }

  private sendDue(): void {
    const { root, context } = this;
    const { look, current } = root;
    if (look?.dueAt !== undefined && look.dueAt <= context.now) {
      renew(look, context);
      this.sendLook(look);
    }
    const prepare = current?.prepare;
    if (prepare?.dueAt === undefined || prepare.dueAt > context.now) return;
    renew(prepare, context);
    this.sendPrepare(prepare, current!.request!);
  }

  private wakeInTime(): void {
    const { root, context } = this;
    const { current, look } = root;
    const waits = current?.phase === 'waiting' ? current.lookAt : undefined;
    const times = [look?.dueAt, current?.prepare?.dueAt, waits, look === undefined ? root.expireAt : undefined].filter(
      (at) => at !== undefined,
    );
    const at = times.length === 0 ? undefined : Math.min(...times);
    if (root.wake?.at === at) return;
    if (root.wake !== undefined) this.effects.push({ type: 'cancel', timer: root.wake.id });
    delete root.wake;
    if (at === undefined) return;
    root.wake = { id: context.newId(), at };
    this.effects.push({ type: 'send', to: context.self, mail: { type: 'timer.wake', body: null }, at, id: root.wake.id });
  }

  private publish(what: string, body: object): void {
    this.effects.push({ type: 'publish', topic: ['schedule', this.context.self.key, what], body: { ...body } as Json });
  }
}

const CANCELLED = { code: 'cancelled', message: 'it was cancelled' };

/** Of a look, page by page. */
export function stepOf({ n, pages }: Look): string {
  return `look ${n} ${pages}`;
}

/** Throws `invalid_output` with the field. */
function checkPrepared(output: Json): PreparedCommand {
  const found = output as unknown as PreparedCommand | null;
  const refuse = (field: string, rule: string): never => {
    throw new TroupeError('invalid_output', `${field} of a prepared command ${rule}`, { field });
  };
  if (typeof found?.executor !== 'string' || found.executor === '') refuse('executor', 'must name an executor');
  const { executor, resource, resources, input, options } = found!;
  for (const [i, one] of (resources ?? (resource === undefined ? [] : [resource])).entries()) {
    if (typeof one?.kind !== 'string' || typeof one.id !== 'string') refuse(`resources.${i}`, 'must be a kind and an id');
  }
  const parts = { resource, resources, input, options };
  const command = { executor, ...Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined && value !== null)) };
  if (Buffer.byteLength(encodeJson(command)) > MAX_COMMAND_BYTES) refuse('input', `has at most ${MAX_COMMAND_BYTES} bytes with the rest`);
  return command;
}
