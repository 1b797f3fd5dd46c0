/**
 * Accept: the record exists already, so no resource is ever owned by an operation without one. The resources are taken
 * one after the other in the order of their ids, so that of two operations that want the same ones, one gets them all.
 * Whatever refuses one of them gives the others back.
 */
import type { ResourceRecord, ResourceWrite, WriteOutcome } from '@troupe/actor';
import { encodeJson, type Json, type ResourceRef, toWireError, TroupeError, type WireError } from '@troupe/protocol';
import { acceptWrite, families, isForced, isResting, restoreWrite, seizeWrite } from '@troupe/resource';
import type { ExecutorDefinition, OwnedSpec, Snapshot } from '../executor.ts';
import { validateNow } from '../validate.ts';
import { finish } from './finish.ts';
import { takenItem } from './items.ts';
import { watched } from './finding.ts';
import { lookAt } from './look.ts';
import { startPlan } from './planning.ts';
import { cancelTimer, type Run, send, setTimer } from './run.ts';
import { addWrite, hasPendingWrites, holdOf } from './resources.ts';
import { goOn, retakeWrite, retryRefused } from './retaking.ts';
import type { Accepting, OwnedResource } from './state.ts';

/** Resources of one operation at the most: each has its place in the root. */
export const RESOURCES_LIMIT = 64;
const TRIES_LIMIT = 3;
/** Longest pause of a child that waits for somebody else's resource; its end is announced, this is for what is not. */
const RETRY_MS = 30_000;

/** Begins, or begins again after everything was given back. `input` is given the first time. */
export function startAccepting(run: Run, named: readonly ResourceRef[], input?: Json): void {
  const { op, settings } = run;
  if (input !== undefined) op.input = input;
  const definition = settings.executors.get(op.head.executor);
  try {
    if (definition === undefined) throw new TroupeError('unknown_executor', `${op.head.executor} is not registered`, { field: 'executor' });
    const first = checkNamed(definition, named);
    // a command was judged at the front door, a child comes from a plan
    if (op.head.parent !== undefined && input !== undefined && definition.input !== undefined) {
      op.input = validateNow(definition.input, op.input, 'input');
    }
    const asked = op.accepting?.asked;
    op.accepting = { index: 0, tries: op.accepting?.tries ?? 0, ...(asked === undefined ? {} : { asked }) };
    const { options } = definition;
    if ((options.resources === undefined && options.seize !== true) || first === undefined) {
      op.resources = ownedOf(run, definition, named);
      return takeNext(run, definition);
    }
    op.resources = ownedOf(run, definition, [first]);
    op.accepting.looking = true;
    order(run, lookAt(run, op.resources[0]!));
  } catch (thrown) {
    giveBack(run, { outcome: 'rejected', error: toWireError(thrown, 'plan_failed') });
  }
}

/** Takes the resources of an operation that has run before, as they were. */
export function startRetaking(run: Run, before: NonNullable<Accepting['retry']>): void {
  const { op } = run;
  const definition = run.settings.executors.get(op.head.executor)!;
  op.phase = 'accepting';
  op.accepting = { index: 0, tries: 0, retry: before };
  for (const owned of op.resources) delete owned.lost;
  takeNext(run, definition);
}

export function acceptOutcome(run: Run, outcome: WriteOutcome): void {
  const { op, settings } = run;
  const accepting = op.accepting!;
  const definition = settings.executors.get(op.head.executor);
  delete accepting.effect;
  if (op.progress.stop !== undefined || definition === undefined) {
    if (outcome.ok && outcome.record !== undefined) note(run, accepting.index, outcome.record, outcome);
    const stop = op.progress.stop ?? {
      outcome: 'rejected' as const,
      error: { code: 'unknown_executor', message: `${op.head.executor} is not registered` },
    };
    return giveBack(run, stop);
  }
  const owned = op.resources[accepting.index]!;
  const { pull } = definition.options;
  const lookedAt = accepting.looking === true || owned.lender !== undefined || pull !== undefined;
  const { record } = outcome;
  if (!outcome.ok && !(lookedAt && record !== undefined)) return refused(run, owned, outcome, definition);
  if (record === undefined) return refused(run, owned, { ok: false, reason: 'missing' }, definition);
  try {
    if (accepting.looking === true) {
      delete accepting.looking;
      if (definition.options.seize === true) endOwner(run, record.currentOperation);
      op.resources = ownedOf(run, definition, derived(run, definition, record, op.resources));
      return takeNext(run, definition);
    }
    if (pull !== undefined) {
      const error = watched(owned, record, pull);
      if (error !== undefined) return giveBack(run, { outcome: 'rejected', error });
      note(run, accepting.index, record, outcome);
      return takeNext(run, definition);
    }
    if (owned.lender !== undefined && (record.epoch !== owned.epoch || record.currentOperation !== owned.lender)) {
      return refused(run, owned, { ok: false, reason: 'conflict', record }, definition);
    }
    const since = accepting.retry !== undefined && owned.lender === undefined && record.epoch !== owned.epoch + 1;
    note(run, accepting.index, record, outcome);
    if (since) {
      const message = `another operation has had ${owned.kind} ${owned.id} since`;
      return giveBack(run, { outcome: 'rejected', error: { code: 'conflict', message, data: { kind: owned.kind, id: owned.id } } });
    }
    takeNext(run, definition);
  } catch (thrown) {
    giveBack(run, { outcome: 'rejected', error: toWireError(thrown, 'plan_failed') });
  }
}

/**
 * A timer, or the end of the operation that was in the way: try again. Who queues does not try by its timer, or it might
 * overtake the one that was told: it asks again, and is told at once or by whom it stands behind now.
 */
export function acceptAgain(run: Run, told: boolean): void {
  const { accepting, head } = run.op;
  if (accepting?.waitFor === undefined) return;
  if (run.op.phase === 'givingBack' && told) accepting.told = true;
  if (run.op.phase !== 'accepting') return;
  const { operation } = accepting.waitFor;
  if (!told && head.queue === true && operation !== null) {
    accepting.timer = setTimer(run, 'accept', RETRY_MS);
    return standBehind(run, operation);
  }
  if (accepting.timer !== undefined) cancelTimer(run, accepting.timer);
  startAccepting(run, namedBy(run));
}

/** Everything that was to be given back is: what was this for? */
export function givenBack(run: Run): void {
  const { op } = run;
  const accepting = op.accepting!;
  const then = op.progress.stop ?? accepting.then ?? 'again';
  if (accepting.retry !== undefined && then !== 'again') {
    for (const index of op.taken.keys()) run.effects.push({ type: 'removeItem', item: takenItem(index) });
    op.taken.clear();
    return retryRefused(run, then.error);
  }
  for (const index of op.taken.keys()) run.effects.push({ type: 'removeItem', item: takenItem(index) });
  op.taken.clear();
  if (then !== 'again') return finish(run, then.outcome, then.error);
  op.phase = 'accepting';
  for (const owned of op.resources) if (owned.lender === undefined) owned.epoch = 0;
  delete accepting.then;
  if (accepting.waitFor === undefined) {
    accepting.tries++;
    return startAccepting(run, namedBy(run));
  }
  if (accepting.told === true) {
    delete accepting.told;
    return startAccepting(run, namedBy(run));
  }
  const until = op.head.queue === true ? Infinity : (op.head.parent?.waitUntil ?? 0);
  accepting.timer = setTimer(run, 'accept', Math.min(RETRY_MS, until - run.context.now));
  const { operation } = accepting.waitFor;
  if (operation === null || operation === accepting.asked) return;
  standBehind(run, operation);
}

/** Cancelled before it was accepted. */
export function cancelAccepting(run: Run): void {
  const { op } = run;
  if (op.phase !== 'accepting' || op.accepting?.effect !== undefined) return;
  if (op.accepting?.timer !== undefined) cancelTimer(run, op.accepting.timer);
  giveBack(run, op.progress.stop!);
}

function takeNext(run: Run, definition: ExecutorDefinition): void {
  const { op } = run;
  const left = op.resources.map((_, index) => index).filter((index) => !op.taken.has(index) && op.resources[index]!.lost === undefined);
  left.sort((a, b) => (idOf(op.resources[a]!) < idOf(op.resources[b]!) ? -1 : 1));
  const index = left[0];
  if (index === undefined) return allTaken(run, definition);
  // the last snapshot goes straight into the plan, the ones before it have to wait for it
  for (const [taken, record] of op.taken)
    if (taken === op.accepting!.index) run.effects.push({ type: 'putItem', item: takenItem(taken), body: record as never });
  op.accepting!.index = index;
  const owned = op.resources[index]!;
  if (owned.lender !== undefined || definition.options.pull !== undefined) return order(run, lookAt(run, owned));
  order(run, op.accepting!.retry === undefined ? take(run, definition, owned, index === 0) : retakeWrite(run, owned));
}

function take(run: Run, definition: ExecutorDefinition, owned: OwnedResource, isFirst: boolean): ResourceWrite {
  const { op } = run;
  const { guard, seize } = definition.options;
  const { action } = op.head;
  if (isFirst && seize === true) return seizeWrite({ kind: owned.kind, id: owned.id }, op.key);
  return acceptWrite(owned.family, {
    ref: { kind: owned.kind, id: owned.id },
    operation: op.key,
    ...(isFirst && guard?.states !== undefined ? { from: guard.states } : {}),
    ...(isFirst && guard?.runtimeStates !== undefined && op.head.force !== true ? { runtime: guard.runtimeStates } : {}),
    ...(action === undefined ? {} : { action }),
  });
}

function order(run: Run, write: ResourceWrite): void {
  const id = run.context.newId();
  run.op.accepting!.effect = id;
  run.effects.push({ type: 'write', write, id });
}

function note(run: Run, index: number, record: ResourceRecord, outcome: WriteOutcome): void {
  const owned = run.op.resources[index]!;
  owned.epoch = record.epoch;
  owned.before = (outcome.ok ? outcome.before?.state : undefined) ?? record.rested?.state ?? record.state;
  owned.state = record.state;
  owned.runtimeState = record.runtimeState;
  owned.backendId = record.backendId;
  run.op.taken.set(index, record);
}

function allTaken(run: Run, definition: ExecutorDefinition): void {
  const { op } = run;
  if (op.accepting?.retry !== undefined) {
    for (const index of op.taken.keys()) run.effects.push({ type: 'removeItem', item: takenItem(index) });
    op.taken.clear();
    return goOn(run);
  }
  const first = op.taken.get(0);
  if (first !== undefined) {
    if (definition.options.resources !== undefined) {
      const again = derived(run, definition, first, [op.resources[0]!]);
      if (again.length !== op.resources.length || again.some((spec, i) => idOf(spec.ref) !== idOf(op.resources[i]!))) {
        const error = { code: 'conflict', message: `${first.kind} ${first.id} keeps changing while it is being taken` };
        return giveBack(run, op.accepting!.tries < TRIES_LIMIT ? 'again' : { outcome: 'rejected', error });
      }
    }
    const error = guarded(definition, first, op.input);
    if (error !== undefined) return giveBack(run, { outcome: 'rejected', error });
    if (op.head.family === 'delete' && isForced(op.resources[0]!.before, op.head.force)) op.progress.forced = true;
  }
  startPlan(run, definition);
}

function guarded(definition: ExecutorDefinition, resource: ResourceRecord, input: unknown): WireError | undefined {
  let found: WireError | string | undefined | void;
  try {
    found = definition.options.guard?.check?.({ resource: resource as Snapshot, input: input as never });
  } catch (thrown) {
    found = toWireError(thrown, 'forbidden_state');
  }
  return typeof found === 'string' ? { code: 'forbidden_state', message: found } : (found ?? undefined);
}

function refused(run: Run, owned: OwnedResource, outcome: WriteOutcome & { ok: false }, definition: ExecutorDefinition): void {
  const { op } = run;
  const accepting = op.accepting!;
  const name = `${owned.kind} ${owned.id}`;
  const { record } = outcome;
  if (outcome.reason === 'missing') {
    if (owned.missing === 'skip') {
      owned.lost = 'removed';
      return takeNext(run, definition);
    }
    return giveBack(run, { outcome: 'rejected', error: { code: 'unknown_resource', message: `there is no ${name}`, field: 'resource' } });
  }
  // the take was ordered before writes that the record has forgotten: a fresh one is judged on its own
  if (outcome.reason === 'stale' && accepting.tries < TRIES_LIMIT) return giveBack(run, 'again');
  const state = record?.state ?? 'unknown';
  // whoever is promised the resource has it as good as taken
  const operation = record?.currentOperation ?? record?.fence.promised ?? null;
  const data = { kind: owned.kind, id: owned.id, state, operation };
  const runtime = definition.options.guard?.runtimeStates;
  if (
    outcome.reason === 'state' &&
    runtime !== undefined &&
    record !== undefined &&
    isResting(state) &&
    !runtime.includes(record.runtimeState)
  ) {
    const message = `${name} is ${record.runtimeState || 'in no known state'}, not ${runtime.join(' or ')}`;
    return giveBack(run, {
      outcome: 'rejected',
      error: { code: 'forbidden_state', message, data: { ...data, runtimeState: record.runtimeState } },
    });
  }
  const owner = operation === null ? '' : `, owned by operation ${operation}`;
  const wanted = owner === '' && outcome.reason === 'state' ? `, not ${takenIn(run, definition, owned).join(' or ')}` : '';
  const message = `${name} is ${state}${owner}${wanted}`;
  const until = op.head.queue === true ? Infinity : op.head.parent?.waitUntil;
  if (until !== undefined && until > run.context.now && (operation !== null || !isResting(state))) {
    if (op.head.queue === true && operation !== null && accepting.waitFor?.operation !== operation) tellQueued(run, operation);
    accepting.waitFor = { ref: { kind: owned.kind, id: owned.id }, operation };
    return giveBack(run, 'again');
  }
  giveBack(run, { outcome: 'rejected', error: { code: 'conflict', message, data } });
}

function takenIn({ op }: Run, definition: ExecutorDefinition, owned: OwnedResource): readonly string[] {
  const strict = op.resources[0] === owned ? definition.options.guard?.states : undefined;
  return strict ?? families[owned.family].acceptFrom;
}

function giveBack(run: Run, then: NonNullable<Accepting['then']>): void {
  const { op } = run;
  op.accepting ??= { index: 0, tries: 0 };
  // oxlint-disable-next-line unicorn/no-thenable -- a field of stored data, never awaited
  op.accepting.then = then;
  op.phase = 'givingBack';
  for (const index of op.taken.keys()) {
    const owned = op.resources[index]!;
    if (owned.lender === undefined && owned.seen === undefined) addWrite(run, owned, restoreWrite(holdOf(run, owned)));
  }
  if (!hasPendingWrites(run)) givenBack(run);
}

/** Nothing of it may go on: what it would take back or handle is not its any more. */
function endOwner(run: Run, operation: string | null): void {
  if (operation === null || operation === run.op.key) return;
  send(run, { kind: 'operation', key: operation }, 'verb.kill', { reason: `its resource was taken by operation ${run.op.key}` });
}

function standBehind(run: Run, operation: string): void {
  const { op } = run;
  op.accepting!.asked = operation;
  const queue = op.head.queue === true ? { queue: true, resource: op.accepting!.waitFor!.ref } : {};
  send(run, { kind: 'operation', key: operation }, 'watch', { node: '', ...queue });
}

function tellQueued(run: Run, behind: string): void {
  const { op } = run;
  const reply = op.head.replyTo === undefined ? {} : { replyTo: op.head.replyTo };
  run.effects.push({ type: 'answer', answer: { v: 1, operation: op.key, answer: 'queued', behind }, ...reply });
}

function checkNamed(definition: ExecutorDefinition, named: readonly ResourceRef[]): ResourceRef | undefined {
  const [first] = named;
  if (first === undefined && definition.family !== 'free')
    throw new TroupeError('invalid_input', `${definition.name} needs a resource`, { field: 'resource' });
  if (first !== undefined && definition.kind !== undefined && first.kind !== definition.kind.kind) {
    throw new TroupeError('unknown_kind', `${definition.name} is for ${definition.kind.kind}, not for ${first.kind}`, {
      field: 'resource.kind',
    });
  }
  return first;
}

function derived(run: Run, definition: ExecutorDefinition, record: ResourceRecord, named: readonly ResourceRef[]): OwnedSpec[] {
  const further = definition.options.resources?.({ resource: record as Snapshot, input: run.op.input as never }) ?? [];
  const specs = further.map((one): OwnedSpec => ('ref' in one ? one : { ref: one }));
  return [{ ref: { kind: named[0]!.kind, id: named[0]!.id } }, ...specs];
}

function ownedOf(run: Run, definition: ExecutorDefinition, specs: readonly (ResourceRef | OwnedSpec)[]): OwnedResource[] {
  if (specs.length > RESOURCES_LIMIT)
    throw new TroupeError('invalid_input', `an operation owns at most ${RESOURCES_LIMIT} resources`, { field: 'resources' });
  const seen = new Set<string>();
  return specs.map((one, index) => {
    const spec: OwnedSpec = 'ref' in one ? one : { ref: one };
    const { kind, id } = spec.ref;
    if (seen.has(idOf(spec.ref))) throw new TroupeError('invalid_input', `${kind} ${id} is named twice`, { field: `resources.${index}` });
    seen.add(idOf(spec.ref));
    const lent = definition.options.pull !== undefined ? undefined : run.op.head.parent?.lent?.find((l) => l.kind === kind && l.id === id);
    const ends = index === 0 ? definition.options.ends : spec.ends;
    return {
      kind,
      id,
      family: index === 0 ? definition.family : (spec.family ?? definition.family),
      ...(ends === undefined ? {} : { ends }),
      ...(index > 0 && spec.missing === 'skip' ? { missing: spec.missing } : {}),
      ...(lent === undefined ? {} : { lender: lent.operation }),
      epoch: lent?.epoch ?? 0,
      before: '',
      state: '',
      runtimeState: '',
      backendId: '',
    };
  });
}

/** What the command named: without the resources that were derived from the first. */
function namedBy(run: Run): ResourceRef[] {
  const derives = run.settings.executors.get(run.op.head.executor)?.options.resources !== undefined;
  const refs = run.op.resources.map(({ kind, id }) => ({ kind, id }));
  return derives ? refs.slice(0, 1) : refs;
}

function idOf(ref: ResourceRef): string {
  return encodeJson([ref.id, ref.kind]);
}
