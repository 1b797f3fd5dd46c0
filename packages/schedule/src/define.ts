/**
 * Making and changing a schedule, and removing it. Two may do so: people at run time, and the code of an app, which says the same
 * again at every start of a scheduler. So code only counts when it has changed: see docs/decisions/0021.
 */
import { createHash } from 'node:crypto';
import type { Effect, Incoming, TurnContext } from '@troupe/actor';
import { encodeJson, isTroupeError, type Json, type WireError } from '@troupe/protocol';
import { settle } from './alarm.ts';
import { checkInterval, type Minimum, parseDefinition, sameJson, type ScheduleDefinition } from './definition.ts';
import { checkKnown, type Known } from './known.ts';
import type { ScheduleRoot, ScheduleState } from './state.ts';
import { Turn } from './turn.ts';

export interface Rules extends Minimum {
  readonly known?: Known;
}

export interface Defined {
  readonly effects: readonly Effect[];
  /** False: refused. Who asked is told by an event, and nothing is remembered. */
  readonly isTaken: boolean;
}

/** Makes it, or changes it. The same definition again changes nothing, and a pause outlives a change. */
export function define(state: ScheduleState, message: Incoming, context: TurnContext, rules: Rules): Defined {
  const app = appOf(message);
  let definition: ScheduleDefinition;
  try {
    definition = parseDefinition((message.body as { definition?: Json } | null)?.definition ?? null);
    checkInterval(definition, rules);
    // a scheduler of an older version must not judge what the code of a newer one says
    if (app === undefined && rules.known !== undefined) checkKnown(definition, rules.known);
  } catch (error) {
    if (!isTroupeError(error)) throw error;
    const { code, message: text, field } = error;
    return refused(message, context, { code, message: text, ...(field === undefined ? {} : { field }) });
  }
  const { root: old } = state;
  if (app === undefined) return taken(change(state, definition, context, old?.code));
  const code = { app, digest: digestOf(definition) };
  if (old?.code !== undefined && old.code.app !== app && old.status !== 'deleted') {
    const text = `${context.self.key} is a schedule of the app ${old.code.app}`;
    return refused(message, context, { code: 'duplicate_name', message: text });
  }
  // what the code says has not changed: what people have changed since, a removal too, holds
  if (old?.code?.digest === code.digest) {
    old.code = code;
    return taken([]);
  }
  return taken(change(state, definition, context, code));
}

function change(state: ScheduleState, definition: ScheduleDefinition, context: TurnContext, code: ScheduleRoot['code']): readonly Effect[] {
  const origin = code === undefined ? {} : { code };
  const old = state.root;
  if (old === undefined) {
    state.root = { status: 'active', definition, ...origin, waiting: [], failures: 0, penalty: 0, outcomes: [], verbs: [] };
    const turn = new Turn(state.root, context);
    turn.reckonNext();
    turn.arm();
    turn.publish('defined', {});
    return turn.effects;
  }
  const turn = new Turn(old, context);
  Object.assign(old, origin);
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

/** A run that lives is told to end, and the record waits for it: nothing of a deleted schedule runs unseen. */
export function remove(turn: Turn, message: Incoming, context: TurnContext): void {
  const { root } = turn;
  const app = appOf(message);
  // the code of an app no longer names it: what another app or people have made of it is not its business
  if (app !== undefined && root.code?.app !== app) return;
  if (app !== undefined) delete root.code;
  if (root.status === 'deleted') {
    if (root.run === undefined) turn.endRecord();
    return;
  }
  turn.disarm();
  if (root.status === 'active') turn.handleDue();
  for (const one of root.waiting) {
    turn.record({ ...(one.nominal === undefined ? {} : { nominal: one.nominal }), what: 'replaced', at: context.now });
  }
  root.waiting = [];
  settle(turn, 'deleted');
  root.status = 'deleted';
  delete root.next;
  turn.publish('deleted', {});
  if (root.run === undefined) turn.endRecord();
  else turn.cancelRun();
}

/** Believed of hosts only: people define in their own name. */
function appOf({ sender, body }: Incoming): string | undefined {
  const { app } = (body ?? {}) as { app?: unknown };
  return sender === 'entity' && typeof app === 'string' && app !== '' ? app : undefined;
}

export function digestOf(definition: ScheduleDefinition): string {
  return createHash('sha256')
    .update(encodeJson(definition as unknown as Json))
    .digest('base64url')
    .slice(0, 22);
}

function taken(effects: readonly Effect[]): Defined {
  return { effects, isTaken: true };
}

function refused({ id }: Incoming, context: TurnContext, error: WireError): Defined {
  const body = { verb: id, error } as unknown as Json;
  return { effects: [{ type: 'publish', topic: ['schedule', context.self.key, 'refused'], body }], isTaken: false };
}
