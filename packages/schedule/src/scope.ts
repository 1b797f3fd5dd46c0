/** How a schedule asks the breaker of its scope, and what it tells it. */
import { durationMs, type Json } from '@troupe/protocol';
import type { BreakerAsk, BreakerReport } from './breaker/state.ts';
import type { Outcome, Run, ScheduleRoot } from './state.ts';
import type { Working } from './working.ts';

/** Asks whether the run may begin; false if nobody has to be asked. */
export function asksBreaker(turn: Working, run: Run): boolean {
  const { root, context } = turn;
  const { breaker } = root.definition;
  // who asks by hand is held up by nothing
  if (breaker?.scope === undefined || run.nominal === undefined) return false;
  root.seq = Math.max((root.seq ?? 0) + 1, context.now);
  run.asking = root.seq;
  const ask: BreakerAsk = { seq: root.seq, failures: breaker.failures, pauseMs: durationMs(breaker.pause) };
  mail(turn, breaker.scope, 'breaker.ask', ask as unknown as Json);
  return true;
}

export function tellBreaker(turn: Working, run: Run, how: BreakerReport['how'], error?: string): void {
  const { root, context } = turn;
  const { breaker } = root.definition;
  if (breaker?.scope === undefined) return;
  const report: BreakerReport = {
    run: run.id,
    at: context.now,
    how,
    failures: breaker.failures,
    pauseMs: durationMs(breaker.pause),
    ...(error === undefined ? {} : { error: error.slice(0, 120) }),
  };
  mail(turn, breaker.scope, 'breaker.report', report as unknown as Json);
}

/** What happened to a run while the breaker was asked. */
export function whyNot({ status }: ScheduleRoot, run: Run, isOpen: boolean): Outcome['what'] | undefined {
  if (status === 'deleted') return 'replaced';
  if (run.cancelled === true) return 'coalesced';
  if (status === 'paused') return 'skippedPaused';
  return isOpen ? 'skippedBreaker' : undefined;
}

function mail({ effects }: Working, scope: string, type: string, body: Json): void {
  effects.push({ type: 'send', to: { kind: 'breaker', key: scope }, mail: { type, body } });
}
