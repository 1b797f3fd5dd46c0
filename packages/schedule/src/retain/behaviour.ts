/** The retention entity of a schedule: see `state.ts`. */
import type { Behaviour, Effect, EntityRecord, Incoming, TurnContext } from '@troupe/actor';
import { formatMs, type Json, parseTaskEnded, type TaskMessage, type WireError } from '@troupe/protocol';
import { answers } from '../attempts.ts';
import { mayReceiveDelegated, type RunNamed, type RunStart, takeDelegated } from '../delegate.ts';
import type { RetentionRoot, RetentionState } from './state.ts';
import { RetentionTurn, stepOf } from './turn.ts';

export function retentionBehaviour(): Behaviour<RetentionState> {
  return {
    kind: 'retention',
    mayReceive: mayReceiveDelegated,
    // a working state is changed in place: the record of the host must not be
    activate: (key, record) => ({ key, root: structuredClone(record?.root) as unknown as RetentionRoot | undefined }),
    receive(state, message, context) {
      if (message.from?.kind === 'schedule' && message.from.key !== state.key) return [];
      if (message.type === 'run.start') return start(state, message.body as unknown as RunStart, context);
      if (message.type === 'run.cancel' && (message.body as unknown as RunNamed).seq > (state.root?.lastSeq ?? 0)) {
        return cancelUnseen(state, message.body as unknown as RunNamed, context);
      }
      if (state.root === undefined) return [];
      const turn = new RetentionTurn(state, context);
      if (act(state.root, turn, message)) turn.go();
      return turn.effects;
    },
    root: ({ root }) => root as unknown as Json | undefined,
  };
}

function start(state: RetentionState, { seq, run, nominal, what }: RunStart, context: TurnContext): readonly Effect[] {
  const { root } = state;
  if (root !== undefined && seq <= root.lastSeq) {
    if (seq !== root.last?.seq) return [];
    const turn = new RetentionTurn(state, context);
    turn.tellEnded();
    return turn.effects;
  }
  const retain = what as unknown as RetentionRoot['retain'];
  const reopens = root?.forgotten === true;
  state.root = root ?? { lastSeq: seq, retain, deletions: [], deletionSeq: 0 };
  Object.assign(state.root, { lastSeq: seq, retain });
  delete state.root.forgotten;
  const named = nominal === undefined ? {} : { nominal };
  state.root.current = { seq, run, ...named, orderedAt: context.now, phase: 'looking', deleted: 0, deleteFailed: 0 };
  const turn = new RetentionTurn(state, context);
  turn.go();
  return reopens ? [{ type: 'reopen' }, ...turn.effects] : turn.effects;
}

/** A cancel that has overtaken its start: the run ends before it begins. */
function cancelUnseen(state: RetentionState, { seq }: RunNamed, context: TurnContext): readonly Effect[] {
  const none = { retain: null as unknown as RetentionRoot['retain'], deletions: [], deletionSeq: 0 };
  state.root = { ...none, ...state.root, lastSeq: seq, last: { seq, run: '', ended: 'cancelled' } };
  const turn = new RetentionTurn(state, context);
  turn.tellEnded();
  return turn.effects;
}

/** Whether the message answered something. */
function act(root: RetentionRoot, turn: RetentionTurn, message: Incoming): boolean {
  const { type, body } = message;
  switch (type) {
    case 'task.ended': {
      const { step, token, outcome } = parseTaskEnded(body);
      if (!wantsStep(root, step, token)) return false;
      if (step === 'prepare') turn.prepared(outcome);
      else turn.looked(outcome);
      return true;
    }
    case 'child.answered':
    case 'child.ended': {
      const { operation, outcome = 'rejected', error } = body as unknown as { operation: string; outcome?: string; error?: WireError };
      if (type === 'child.answered' && error === undefined) return false;
      turn.operationEnded(operation, outcome, error);
      return true;
    }
    default:
      return takeDelegated(root, turn, message) ?? false;
  }
}

function wantsStep({ look, current }: RetentionRoot, step: string | undefined, token: string): boolean {
  if (step === 'prepare') return answers(current?.prepare, token);
  return look !== undefined && step === stepOf(look) && answers(look, token);
}

/** Whether the record of a retention still waits for this attempt; for workers that were handed a message again. */
export function wantsRetention(root: Json, { step, token }: Pick<TaskMessage, 'step' | 'token'>): boolean {
  return wantsStep((root ?? {}) as unknown as RetentionRoot, step, token);
}

/** In one sentence, from the record of `retention/<key>`. `now`: epoch milliseconds. */
export function explainRetention(key: string, record: EntityRecord | undefined, now: number): string {
  if (record === undefined) return `there is no retention ${key}`;
  const { current, deletions, expireAt, last } = record.root as unknown as RetentionRoot;
  const next = expireAt === undefined ? '' : `; looks in ${formatMs(Math.max(0, expireAt - now))} for what has been kept long enough`;
  const running = deletions.length === 0 ? '' : `; deletes ${deletions.map(([, { id }]) => id).join(', ')}`;
  const before = last === undefined ? 'nothing has run' : `run ${last.run} ${last.ended}`;
  if (current === undefined) return `${before}${running}${next}`;
  const what = {
    looking: 'looks how many there are',
    waiting: `the maximum is reached, waits for room${current.lookAt === undefined ? '' : `, looks again in ${formatMs(Math.max(0, current.lookAt - now))}`}`,
    preparing: 'prepares what it creates',
    creating: `waits for operation ${current.operation}`,
  }[current.phase];
  return `run ${current.run} lives for ${formatMs(now - current.orderedAt)}: ${what}${running}${next}`;
}
