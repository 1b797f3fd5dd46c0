/**
 * The schedule entity: one per key. Timers of the server only wake it; what becomes of a nominal time is decided here, in the
 * turn that moves the next one on, so that it is decided once however many schedulers there are and however often they are woken.
 */
import type { Behaviour, Effect, Incoming, TurnContext } from '@troupe/actor';
import { type Duration, durationMs, type Json } from '@troupe/protocol';
import { mayAnswer, takeAnswer } from './answers.ts';
import { define, remove, type Rules } from './define.ts';
import type { Known } from './known.ts';
import { KEPT_VERBS, rootOfJson, type ScheduleState } from './state.ts';
import { Turn } from './turn.ts';

export interface ScheduleBehaviourOptions {
  /** Definitions whose nominal times come nearer to each other are refused. Default `'1m'`. */
  readonly minimumInterval?: Duration;
  /** The same for definitions with `retain`, which users write: each run makes a resource. Default `'1h'`. */
  readonly minimumRetainInterval?: Duration;
  /** What people's definitions are judged by; those of an app were judged when it was defined. Default: they are not. */
  readonly known?: Known;
}

const BY_CODE = ['verb.define', 'verb.delete'];
const VERBS = ['verb.define', 'verb.pause', 'verb.resume', 'verb.runNow', 'verb.delete'];

export function scheduleBehaviour(options: ScheduleBehaviourOptions = {}): Behaviour<ScheduleState> {
  const rules: Rules = {
    anyMs: durationMs(options.minimumInterval ?? '1m', 'minimumInterval'),
    retainMs: durationMs(options.minimumRetainInterval ?? '1h', 'minimumRetainInterval'),
    ...(options.known === undefined ? {} : { known: options.known }),
  };
  return {
    kind: 'schedule',
    mayReceive: (message) =>
      mayAnswer(message) ??
      // a scheduler says what the code of its app defines
      (message.sender === 'verb' || (message.sender === 'entity' && BY_CODE.includes(message.type))),
    activate: (key, record) => ({ key, root: rootOfJson(record?.root) }),
    receive(state, message, given) {
      // its wake-up may have waited for a scheduler: what is late is judged by when somebody is there
      const context = given.foldedAt === undefined ? given : { ...given, now: given.foldedAt };
      if (VERBS.includes(message.type)) return verb(state, message, context, rules);
      if (state.root === undefined) return [];
      const turn = new Turn(state.root, context);
      takeAnswer(turn, message);
      return turn.effects;
    },
    root: (state) => state.root as unknown as Json | undefined,
  };
}

function verb(state: ScheduleState, message: Incoming, context: TurnContext, rules: Rules): readonly Effect[] {
  const { root } = state;
  if (root?.verbs.includes(message.id) === true) return [];
  if (root === undefined && message.type !== 'verb.define') return [];
  const defined = message.type === 'verb.define' ? define(state, message, context, rules) : undefined;
  if (defined?.isTaken === false) return defined.effects;
  const effects = defined?.effects ?? act(state, message, context);
  if (state.root !== undefined) state.root.verbs = [...state.root.verbs, message.id].slice(-KEPT_VERBS);
  return message.sender === 'verb' ? [...effects, audit(message, context)] : effects;
}

/** What people did, and who: a definition that changed nothing as well. */
function audit({ type, body }: Incoming, context: TurnContext): Effect {
  const { by, reason } = (body ?? {}) as { by?: unknown; reason?: unknown };
  const who = { ...(text(by) === undefined ? {} : { by: text(by)! }), ...(text(reason) === undefined ? {} : { reason: text(reason)! }) };
  return { type: 'publish', topic: ['schedule', context.self.key, 'verb'], body: { verb: type.slice('verb.'.length), ...who } };
}

function act(state: ScheduleState, message: Incoming, context: TurnContext): readonly Effect[] {
  const turn = new Turn(state.root!, context);
  const { root } = turn;
  const { by, reason } = (message.body ?? {}) as { by?: unknown; reason?: unknown };
  if (root.status === 'deleted' && message.type !== 'verb.delete') return [];
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
      remove(turn, message, context);
  }
  return turn.effects;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value.slice(0, 200) : undefined;
}

/** Whether the record of a schedule still waits for this attempt; for workers that were handed a message again. */
export function wantsRun(root: Json, message: { readonly token: string }): boolean {
  const run = (root as { run?: { token?: string; timer?: string } } | null)?.run;
  return run?.token === message.token && run.timer === undefined;
}
