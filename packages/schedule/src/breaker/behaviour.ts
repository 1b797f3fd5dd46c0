/**
 * A breaker that several schedules share: when their runs fail in a row, none of them begins another for a while. Each report names its
 * run and its time, and only what came after the last success counts: so a report that comes twice, late or overtaken changes nothing.
 */
import type { Behaviour, Effect, EntityRecord, Incoming, TurnContext } from '@troupe/actor';
import { formatMs, type Json } from '@troupe/protocol';
import { type BreakerAnswer, type BreakerAsk, type BreakerReport, type BreakerRoot, type BreakerState, rootOf } from './state.ts';

const KEPT_VERBS = 16;
/** Kept by name since the last success: more cannot be asked for. */
export const MAX_FAILURES = 50;

export function breakerBehaviour(): Behaviour<BreakerState> {
  return {
    kind: 'breaker',
    mayReceive: ({ sender, type, from }) =>
      sender === 'verb'
        ? type === 'verb.close'
        : sender === 'entity' && from?.kind === 'schedule' && (type === 'breaker.ask' || type === 'breaker.report'),
    activate: (_key, record) => ({ root: rootOf(record?.root) }),
    receive(state, message, context) {
      state.root ??= { failed: [], succeededAt: 0, verbs: [] };
      const { root } = state;
      switch (message.type) {
        case 'breaker.ask':
          return [answer(root, message, context)];
        case 'breaker.report':
          return reported(root, message, context);
        case 'verb.close':
          if (root.verbs.includes(message.id)) return [];
          root.verbs = [...root.verbs, message.id].slice(-KEPT_VERBS);
          root.succeededAt = Math.max(root.succeededAt, context.now);
          root.failed = [];
          return closed(root, context, 'by hand');
        default:
          return [];
      }
    },
    root: ({ root }) => root as unknown as Json | undefined,
  };
}

function answer(root: BreakerRoot, { body, from }: Incoming, { now }: TurnContext): Effect {
  const { seq, pauseMs } = body as unknown as BreakerAsk;
  const said = (what: Omit<BreakerAnswer, 'seq'>): Effect => ({
    type: 'send',
    to: from!,
    mail: { type: 'breaker.answer', body: { seq, ...what } },
  });
  const { openUntil, trial } = root;
  if (openUntil === undefined) return said({ isOpen: false });
  if (now < openUntil) return said({ isOpen: true, until: openUntil });
  if (trial !== undefined && now < trial.until && trial.key !== from!.key) return said({ isOpen: true });
  root.trial = { key: from!.key, until: now + pauseMs };
  return said({ isOpen: false });
}

function reported(root: BreakerRoot, { body, from }: Incoming, context: TurnContext): readonly Effect[] {
  const { run, at, how, error, failures, pauseMs } = body as unknown as BreakerReport;
  const { key } = from!;
  // what ended before the breaker opened says nothing about its trial
  const isTrial = root.trial?.key === key && at >= root.openUntil!;
  if (isTrial) delete root.trial;
  if (how === 'succeeded') {
    root.succeededAt = Math.max(root.succeededAt, at);
    root.failed = root.failed.filter((one) => one.at > root.succeededAt);
    return root.openedAt !== undefined && at >= root.openedAt ? closed(root, context, `${key} succeeded`) : [];
  }
  if (how === 'none' || at <= root.succeededAt || root.failed.some((one) => one.key === key && one.run === run)) return [];
  root.failed = [...root.failed, { key, run, at, ...(error === undefined ? {} : { error }) }].slice(-MAX_FAILURES);
  const opens = root.openUntil === undefined ? root.failed.length >= failures : isTrial;
  if (!opens) return [];
  root.openedAt = context.now;
  root.openUntil = context.now + pauseMs;
  return [publish(context, 'opened', { until: root.openUntil, failures: root.failed.length, error: error ?? null })];
}

function closed(root: BreakerRoot, context: TurnContext, why: string): readonly Effect[] {
  if (root.openUntil === undefined) return [];
  delete root.openedAt;
  delete root.openUntil;
  delete root.trial;
  return [publish(context, 'closed', { why })];
}

function publish({ self }: TurnContext, what: string, body: Json): Effect {
  return { type: 'publish', topic: ['breaker', self.key, what], body };
}

export type BreakerStatus = 'closed' | 'open' | 'halfOpen';

/** From the record of `breaker/<scope>`. `now`: epoch milliseconds. */
export function breakerStatus(record: EntityRecord | undefined, now: number): BreakerStatus {
  const { openUntil } = rootOf(record?.root) ?? {};
  return openUntil === undefined ? 'closed' : now < openUntil ? 'open' : 'halfOpen';
}

/** In one sentence, from the record of `breaker/<scope>`. `now`: epoch milliseconds. */
export function explainBreaker(scope: string, record: EntityRecord | undefined, now: number): string {
  const root = rootOf(record?.root);
  if (root?.openUntil === undefined)
    return `the breaker of ${scope} is closed; failures since the last success: ${root?.failed.length ?? 0}`;
  const last = root.failed.at(-1);
  const why = last === undefined ? '' : `; the last failure, of ${last.key}: ${last.error ?? 'unknown'}`;
  if (now < root.openUntil) return `the breaker of ${scope} is open for another ${formatMs(root.openUntil - now)}${why}`;
  return root.trial === undefined
    ? `the breaker of ${scope} lets the next run through${why}`
    : `the breaker of ${scope} waits for the run of ${root.trial.key}, which it let through${why}`;
}
