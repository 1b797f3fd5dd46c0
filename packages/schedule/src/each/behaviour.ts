/** The fan-out entity of a schedule: see `state.ts` for its states. What is too late names nothing the record waits for. */
import type { Behaviour, Effect, EntityRecord, Incoming, TurnContext } from '@troupe/actor';
import { type Json, parseTaskEnded, type TaskMessage } from '@troupe/protocol';
import { answers } from '../attempts.ts';
import { mayReceiveDelegated, type RunNamed, type RunStart, takeDelegated } from '../delegate.ts';
import type { OperationSays } from '../execute.ts';
import type { FanoutRoot, FanoutRun, FanoutState, LiveObject, Page } from './state.ts';
import { FanoutTurn } from './turn.ts';

export function fanoutBehaviour(): Behaviour<FanoutState> {
  return {
    kind: 'fanout',
    mayReceive: mayReceiveDelegated,
    activate,
    receive(state, message, context) {
      // nobody else's schedule
      if (message.from?.kind === 'schedule' && message.from.key !== state.key) return [];
      if (message.type === 'run.start') return start(state, message.body as unknown as RunStart, context);
      if (message.type === 'run.cancel') cancelUnseen(state, message.body as unknown as RunNamed, context);
      if (state.root === undefined) return [];
      const turn = new FanoutTurn(state, context);
      if (!act(state, state.root, turn, message)) return turn.effects;
      turn.go();
      return turn.effects;
    },
    root({ root, live }) {
      return root === undefined ? undefined : ({ ...root, live: [...live] } as unknown as Json);
    },
  };
}

function activate(key: string, record: EntityRecord | undefined): FanoutState {
  if (record === undefined) return { key, root: undefined, live: new Map(), pages: new Map() };
  // a working state is changed in place: the record of the host must not be
  const { live, ...root } = structuredClone(record.root) as unknown as FanoutRoot & { live: [string, LiveObject][] };
  return { key, root, live: new Map(live), pages: new Map(record.items as unknown as ReadonlyMap<string, Page>) };
}

function start(state: FanoutState, body: RunStart, context: TurnContext): readonly Effect[] {
  const { root } = state;
  const { seq } = body;
  if (root !== undefined && seq <= root.lastSeq) {
    if (seq !== root.last?.seq) return [];
    const turn = new FanoutTurn(state, context);
    turn.tellEnded();
    return turn.effects;
  }
  const effects: Effect[] = [];
  if (root?.current !== undefined) {
    // the record of the schedule was lost and made again: what it had begun is left as it stands
    const abandoned = new FanoutTurn(state, context);
    abandoned.leave();
    effects.push(...abandoned.effects);
  }
  if (root?.forgotten === true) {
    if (state.live.size === 0) effects.push({ type: 'reopen' });
    delete root.forgotten;
  }
  state.root = root ?? { lastSeq: seq };
  state.root.lastSeq = seq;
  state.root.current = newRun(body, context);
  const turn = new FanoutTurn(state, context);
  turn.go();
  return [...effects, ...turn.effects];
}

/** A cancel that has overtaken its start: the run ends before it begins. */
function cancelUnseen(state: FanoutState, { seq }: RunNamed, context: TurnContext): void {
  if (state.root !== undefined && seq <= state.root.lastSeq) return;
  state.root = { ...state.root, lastSeq: seq, current: newRun({ seq, run: '', what: null }, context) };
}

function newRun({ seq, run, nominal, what }: RunStart, context: TurnContext): FanoutRun {
  return {
    seq,
    run,
    ...(nominal === undefined ? {} : { nominal }),
    orderedAt: context.now,
    each: what as unknown as FanoutRun['each'],
    pages: 0,
    counts: { listed: 0, succeeded: 0, failed: 0, unknown: 0, cancelled: 0, skippedOverlap: 0, carriedOver: 0, notStarted: 0 },
    failures: [],
  };
}

/** Whether the message answered something. */
function act(state: FanoutState, root: FanoutRoot, turn: FanoutTurn, message: Incoming): boolean {
  if (message.type.startsWith('child.')) return turn.operationEnded(message.type, message.body as unknown as OperationSays);
  if (message.type !== 'task.ended') return takeDelegated(root, turn, message) ?? false;
  const { step, token, outcome } = parseTaskEnded(message.body);
  if (step === undefined || !waitsFor(root, state.live, { step, token })) return false;
  if (step.startsWith('list ')) turn.listed(outcome);
  else turn.objectEnded(step.slice('object '.length), outcome);
  return true;
}

function waitsFor(
  { current }: Pick<FanoutRoot, 'current'>,
  live: ReadonlyMap<string, LiveObject>,
  { step, token }: { readonly step: string; readonly token: string },
): boolean {
  return answers(step === `list ${current?.pages}` ? current?.list : live.get(step.slice('object '.length)), token);
}

/** Whether the record of a fan-out still waits for this attempt; for workers that were handed a message again. */
export function wantsObject(root: Json, { step, token }: Pick<TaskMessage, 'step' | 'token'>): boolean {
  const { live = [], ...rest } = (root ?? {}) as unknown as Partial<FanoutRoot> & { live?: [string, LiveObject][] };
  return step !== undefined && waitsFor(rest, new Map(live), { step, token });
}
