/**
 * The schedule entity: one per key. Timers of the server only wake it; what becomes of a nominal time is decided here, in the
 * turn that moves the next one on, so that it is decided once however many schedulers there are and however often they are woken.
 */
import type { Behaviour, Effect, Incoming, TurnContext } from '@troupe/actor';
import { type Duration, durationMs, isTroupeError, type Json, parseTaskEnded, type WireError } from '@troupe/protocol';
import type { RunEnded } from './delegate.ts';
import { checkInterval, parseDefinition, sameJson, type ScheduleDefinition } from './definition.ts';
import { KEPT_VERBS, rootOfJson, type ScheduleState } from './state.ts';
import { Turn } from './turn.ts';

export interface ScheduleBehaviourOptions {
  /** Definitions whose nominal times come nearer to each other are refused. Default `'1m'`. */
  readonly minimumInterval?: Duration;
}

const VERBS = ['verb.define', 'verb.pause', 'verb.resume', 'verb.runNow', 'verb.delete'];

export function scheduleBehaviour(options: ScheduleBehaviourOptions = {}): Behaviour<ScheduleState> {
  const minimumMs = durationMs(options.minimumInterval ?? '1m', 'minimumInterval');
  return {
    kind: 'schedule',
    mayReceive: ({ sender, type, from }) =>
      type.startsWith('timer.')
        ? sender === 'timer'
        : type.startsWith('run.')
          ? sender === 'entity' && from?.kind === 'fanout'
          : type === 'task.ended' || type === 'task.progress'
            ? sender.startsWith('task-')
            : sender === 'verb',
    activate: (key, record) => ({ key, root: rootOfJson(record?.root) }),
    receive(state, message, context) {
      if (VERBS.includes(message.type)) return verb(state, message, context, minimumMs);
      if (state.root === undefined) return [];
      const turn = new Turn(state.root, context);
      if (message.type === 'timer.tick') turn.tick(message);
      else if (message.type === 'timer.again') turn.again(message);
      else if (message.type.startsWith('run.') && message.from?.key === state.key) {
        turn.delegateSays(message.type, message.body as unknown as RunEnded);
      } else if (message.type === 'task.ended') turn.attemptEnded(parseTaskEnded(message.body));
      return turn.effects;
    },
    root: (state) => state.root as unknown as Json | undefined,
  };
}

function verb(state: ScheduleState, message: Incoming, context: TurnContext, minimumMs: number): readonly Effect[] {
  const { root } = state;
  if (root?.verbs.includes(message.id) === true) return [];
  if (root === undefined && message.type !== 'verb.define') return [];
  const effects = message.type === 'verb.define' ? define(state, message, context, minimumMs) : act(state, message, context);
  if (state.root !== undefined) state.root.verbs = [...state.root.verbs, message.id].slice(-KEPT_VERBS);
  return effects;
}

function act(state: ScheduleState, message: Incoming, context: TurnContext): readonly Effect[] {
  const turn = new Turn(state.root!, context);
  const { root } = turn;
  const { by, reason } = (message.body ?? {}) as { by?: unknown; reason?: unknown };
  if (root.status === 'deleted') return [];
  switch (message.type) {
    case 'verb.pause':
      turn.pause({ reason: text(reason) ?? 'paused by hand', at: context.now, ...(text(by) === undefined ? {} : { by: text(by)! }) });
      break;
    case 'verb.resume':
      turn.resume();
      break;
    case 'verb.runNow':
      // neither a pause nor a penalty holds up who asks by hand; a run that lives does
      turn.want({ id: `now-${message.id}` });
      break;
    case 'verb.delete':
      remove(turn, context);
  }
  return turn.effects;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value.slice(0, 200) : undefined;
}

/** A run that lives is told to end, and the record waits for it: nothing of a deleted schedule runs unseen. */
function remove(turn: Turn, context: TurnContext): void {
  const { root } = turn;
  turn.disarm();
  if (root.status === 'active') turn.handleDue();
  for (const one of root.waiting) {
    turn.record({ ...(one.nominal === undefined ? {} : { nominal: one.nominal }), what: 'replaced', at: context.now });
  }
  root.waiting = [];
  root.status = 'deleted';
  delete root.next;
  turn.publish('deleted', {});
  if (root.run === undefined) turn.endRecord();
  else turn.cancelRun();
}

/** Makes it, or changes it. The same definition again changes nothing, and a pause outlives a change. */
function define(state: ScheduleState, message: Incoming, context: TurnContext, minimumMs: number): readonly Effect[] {
  let definition: ScheduleDefinition;
  try {
    definition = parseDefinition((message.body as { definition?: Json } | null)?.definition ?? null);
    checkInterval(definition, minimumMs);
  } catch (error) {
    if (!isTroupeError(error)) throw error;
    return [refused(context, { code: error.code, message: error.message, ...(error.field === undefined ? {} : { field: error.field }) })];
  }
  const old = state.root;
  if (old === undefined) {
    state.root = { status: 'active', definition, waiting: [], failures: 0, penalty: 0, outcomes: [], verbs: [] };
    const turn = new Turn(state.root, context);
    turn.reckonNext();
    turn.arm();
    turn.publish('defined', {});
    return turn.effects;
  }
  const turn = new Turn(old, context);
  if (old.status === 'deleted') {
    // with a run that still lives the record has not ended
    if (old.run === undefined) turn.effects.push({ type: 'reopen' });
    Object.assign(old, { status: 'active', definition, failures: 0, penalty: 0 });
    delete old.failedAt;
    delete old.openUntil;
    turn.reckonNext();
  } else if (sameJson(old.definition, definition)) return [];
  else {
    const sameTiming = sameJson(old.definition.timing, definition.timing);
    if (!sameTiming) turn.passOver(old.status === 'paused' ? 'skippedPaused' : 'replaced');
    old.definition = definition;
    if (!sameTiming) turn.reckonNext();
    turn.disarm();
  }
  turn.arm();
  turn.publish('defined', {});
  return turn.effects;
}

function refused(context: TurnContext, error: WireError): Effect {
  return { type: 'publish', topic: ['schedule', context.self.key, 'refused'], body: { error } as unknown as Json };
}

/** Whether the record of a schedule still waits for this attempt; for workers that were handed a message again. */
export function wantsRun(root: Json, message: { readonly token: string }): boolean {
  const run = (root as { run?: { token?: string; timer?: string } } | null)?.run;
  return run?.token === message.token && run.timer === undefined;
}
