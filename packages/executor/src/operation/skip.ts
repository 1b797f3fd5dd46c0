/** Passing over a step: as if it had succeeded, with an output that somebody gives. */
import { encodeJson, type Json } from '@troupe/protocol';
import { keepOutput, signalAttempt } from '../nodes/task-message.ts';
import { type CompiledNode, nodeAt, nodesOf, ROOT_PATH } from '../plan/compiled.ts';
import { endStep, OK, planOf, publish, type Run } from './run.ts';
import { dropStarts } from './pause.ts';

const SKIPS_LIMIT = 64;
const SKIPPED_OUTPUT_BYTES = 2_048;
const SKIPPABLE = ['step', 'poll', 'wait', 'signal', 'pause', 'expand'] as const;
type Skippable = Extract<CompiledNode, { type: (typeof SKIPPABLE)[number] }>;

/** Why it may not be passed over, or undefined. */
export function skip(run: Run, step: string, output: Json): string | undefined {
  const { op } = run;
  if (encodeJson(output).length > SKIPPED_OUTPUT_BYTES) return `the output has over ${SKIPPED_OUTPUT_BYTES} bytes`;
  const path = pathOf(planOf(run).root, ROOT_PATH, step);
  if (path === undefined) return `there is no step ${step}, or none that can be passed over`;
  if (op.active.has(path) || dropStarts(run, path).length > 0) {
    passOver(run, path, output);
    return undefined;
  }
  const skips = (op.progress.skips ??= []);
  if (skips.length >= SKIPS_LIMIT) return `${SKIPS_LIMIT} steps are to be passed over already`;
  if (!skips.some((one) => one.step === step)) skips.push({ step, ...(output === null ? {} : { output }) });
  return undefined;
}

/** Whether a node that is reached is to be passed over; then it is. */
export function passedOver(run: Run, path: string, node: CompiledNode): boolean {
  const { progress } = run.op;
  if (progress.skips === undefined || !isSkippable(node)) return false;
  const found = progress.skips.find((one) => one.step === node.id);
  if (found === undefined) return false;
  progress.skips = progress.skips.filter((one) => one !== found);
  if (progress.skips.length === 0) delete progress.skips;
  passOver(run, path, found.output ?? null);
  return true;
}

function passOver(run: Run, path: string, output: Json): void {
  const node = nodeAt(planOf(run), path) as Skippable;
  const state = run.op.active.get(path);
  if ((node.type === 'step' || node.type === 'poll') && (state?.k === 'step' || state?.k === 'poll')) {
    if (state.p === 'run' || state.p === 'look') signalAttempt(run, node, state.n);
  }
  if (node.type !== 'pause' && node.type !== 'wait') keepOutput(run, node.output ?? node.id, output, encodeJson(output).length);
  publish(run, 'skipped', { step: node.id });
  endStep(run, path, OK);
}

function pathOf(node: CompiledNode, path: string, id: string): string | undefined {
  if (isSkippable(node) && node.id === id) return path;
  for (const [i, inner] of nodesOf(node).entries()) {
    const found = pathOf(inner, `${path}.${i}`, id);
    if (found !== undefined) return found;
  }
  return undefined;
}

function isSkippable(node: CompiledNode): node is Skippable {
  return SKIPPABLE.some((type) => type === node.type);
}
