/** Verbs and signals answer nothing that the state could name, so the last ones are listed by id. */
import type { Run } from './run.ts';

const REMEMBERED = 64;
const ID_KEPT_CHARS = 40;

/** Whether it has not been folded before; from now on it has. */
export function isNewVerb(run: Run, id: string): boolean {
  const { progress } = run.op;
  const kept = id.slice(-ID_KEPT_CHARS);
  const known = (progress.verbs ??= []);
  if (known.includes(kept)) return false;
  known.push(kept);
  if (known.length > REMEMBERED) known.splice(0, known.length - REMEMBERED);
  return true;
}
