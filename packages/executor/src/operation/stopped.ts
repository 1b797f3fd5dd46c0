import { ancestorsOf } from '../plan/compiled.ts';
import type { Run } from './run.ts';

/**
 * Whether nothing may start at a path any more: something around it was stopped. Inside a handler or `finally` that has
 * begun, only what is inside it too can stop it.
 */
export function isStopped(run: Run, path: string): boolean {
  let inner = path;
  for (const around of ancestorsOf(path)) {
    const state = run.op.active.get(around);
    if (state?.k === 'attempt' && state.i > 0 && inner === `${around}.${state.i}`) return false;
    if (state?.k === 'undo') return false;
    if ((state?.k === 'group' || state?.k === 'attempt') && state.x === 1) return true;
    inner = around;
  }
  return run.op.progress.stop !== undefined;
}
