/** The record of an operation: what goes into the root, and how a working state is made of root and items. */
import type { EntityRecord, ResourceRecord } from '@troupe/actor';
import type { Json, WireError } from '@troupe/protocol';
import { type CompiledPlan, indexSteps } from '../plan/compiled.ts';
import { type Expanded, graft } from '../plan/graft.ts';
import { errorItem, expansionItem, INPUT_ITEM, keptItem, logItem, outputItem, planItem, signalItem, takenItem, undoItem } from './items.ts';
import { type LogEntry, slotOf } from './log.ts';
import type { Accepting, Head, NodeState, Operation, OwnedResource, Phase, Progress, Unfinished, WriteEntry } from './state.ts';

/** The stored root. Whatever is empty is left out. */
export interface OperationRoot {
  readonly v: 1;
  readonly phase: Phase;
  readonly head: Head;
  readonly progress: Progress;
  readonly input?: Json;
  readonly inputItem?: true;
  readonly resources?: readonly OwnedResource[];
  readonly accepting?: Accepting;
  readonly plan?: CompiledPlan;
  readonly planItems?: number;
  readonly active?: Readonly<Record<string, NodeState>>;
  readonly outputs?: Readonly<Record<string, Json>>;
  /** Of an ended operation; before that its entries are items. */
  readonly log?: readonly LogEntry[];
}

export function rootOf(op: Operation): OperationRoot {
  const ended = op.phase === 'ended';
  const inline = [...op.outputs].filter(([name]) => !op.outputItems.has(name));
  return {
    v: 1,
    phase: op.phase,
    head: op.head,
    progress: op.progress,
    ...(op.inputInItem ? (ended ? {} : { inputItem: true as const }) : op.input === null ? {} : { input: op.input }),
    ...(op.resources.length === 0 ? {} : { resources: op.resources.map(withoutItems) }),
    ...(op.accepting === undefined ? {} : { accepting: op.accepting }),
    ...(op.plan === undefined ? {} : op.planItems === 0 ? { plan: op.plan } : { planItems: op.planItems }),
    ...(op.active.size === 0 ? {} : { active: Object.fromEntries(op.active) }),
    ...(inline.length === 0 ? {} : { outputs: Object.fromEntries(inline) }),
    ...(ended && op.log.size > 0 ? { log: [...op.log.values()].sort((a, b) => a.n - b.n) } : {}),
  };
}

function withoutItems(owned: OwnedResource): OwnedResource {
  if (owned.queue?.some((entry) => entry.item !== undefined) !== true) return owned;
  return {
    ...owned,
    queue: owned.queue.map((entry) => (entry.item === undefined ? entry : { nodes: entry.nodes, after: entry.after, item: entry.item })),
  };
}

/** The working state of an operation that knows nothing yet but who it is. */
export function emptyOperation(key: string, head: Head): Operation {
  return {
    key,
    phase: 'accepting',
    head,
    input: null,
    inputInItem: false,
    progress: { done: 0, total: 0, logged: 0 },
    resources: [],
    accepting: undefined,
    taken: new Map(),
    plan: undefined,
    planItems: 0,
    steps: new Map(),
    active: new Map(),
    outputs: new Map(),
    outputItems: new Set(),
    inlineBytes: 0,
    errors: new Map(),
    unfinished: new Map(),
    unstarted: new Map(),
    kept: '',
    signals: new Map(),
    undos: new Map(),
    seen: new Map(),
    expandedBytes: 0,
    log: new Map(),
  };
}

export function operationOf(key: string, record: EntityRecord): Operation {
  // the working state is changed in place, the record belongs to the host
  const root = structuredClone(record.root) as unknown as OperationRoot;
  const { items } = record;
  const op: Operation = {
    ...emptyOperation(key, root.head),
    phase: root.phase,
    input: root.inputItem === true ? (items.get(INPUT_ITEM) ?? null) : (root.input ?? null),
    inputInItem: root.inputItem === true,
    progress: root.progress,
    resources: (root.resources ?? []).map((owned) => ({
      ...owned,
      ...(owned.queue === undefined ? {} : { queue: owned.queue.map((entry) => withItem(entry, items)) }),
    })),
    accepting: root.accepting,
    plan: root.plan ?? planFrom(items, root.planItems ?? 0),
    planItems: root.planItems ?? 0,
    active: new Map(Object.entries(root.active ?? {})),
    outputs: new Map(Object.entries(root.outputs ?? {})),
    log: new Map((root.log ?? []).map((entry) => [slotOf(entry.n), entry])),
  };
  for (const [name, value] of op.outputs) op.inlineBytes += JSON.stringify(value).length + name.length;
  readItems(op, items);
  for (let n = 0; items.has(keptItem(n)); n++) op.kept += items.get(keptItem(n)) as string;
  if (op.plan !== undefined) {
    graftAll(op.plan, items);
    op.steps = indexSteps(op.plan);
  }
  return op;
}

/**
 * The same for who only looks: root and items are read one after the other, so a plan that was dropped or replaced in between may be
 * missing. What is missing is not shown; the owner of a record never goes on without it.
 */
export function shownOperation(key: string, record: EntityRecord): Operation {
  const { planItems = 0, ...rest } = record.root as unknown as OperationRoot;
  const isWhole = Array.from({ length: planItems }, (_, i) => record.items.has(planItem(i))).every(Boolean);
  return operationOf(key, isWhole ? record : { ...record, root: rest as unknown as EntityRecord['root'] });
}

function readItems(op: Operation, items: ReadonlyMap<string, Json>): void {
  const after = (item: string, prefix: string): string | undefined => (item.startsWith(prefix) ? item.slice(prefix.length) : undefined);
  for (const [item, body] of items) {
    const output = after(item, outputItem(''));
    const taken = after(item, takenItem('' as never));
    const error = after(item, errorItem(''));
    const slot = after(item, logItem('' as never));
    const signal = after(item, signalItem(''));
    const undo = after(item, undoItem('' as never));
    if (output !== undefined) {
      op.outputs.set(output, body);
      op.outputItems.add(output);
    } else if (taken !== undefined) op.taken.set(Number(taken), body as unknown as ResourceRecord);
    else if (error !== undefined) op.errors.set(error, body as unknown as WireError);
    else if (item.startsWith('unfinished/')) op.unfinished.set(item.slice('unfinished/'.length), body as unknown as Unfinished);
    else if (item.startsWith('unstarted/')) op.unstarted.set(item.slice('unstarted/'.length), body as number);
    else if (item.startsWith('seen/')) op.seen.set(item.slice('seen/'.length), body as unknown as ResourceRecord);
    else if (signal !== undefined) op.signals.set(signal, body);
    else if (undo !== undefined) op.undos.set(Number(undo), body as string);
    else if (slot !== undefined) op.log.set(Number(slot), body as unknown as LogEntry);
  }
}

/** Outer expansions first: an inner one has its place in them. */
function graftAll(plan: CompiledPlan, items: ReadonlyMap<string, Json>): void {
  const prefix = expansionItem('');
  const paths = [...items.keys()].filter((item) => item.startsWith(prefix)).map((item) => item.slice(prefix.length));
  for (const path of paths.sort((a, b) => a.length - b.length)) graft(plan, path, items.get(expansionItem(path)) as unknown as Expanded);
}

function withItem(entry: WriteEntry, items: ReadonlyMap<string, Json>): WriteEntry {
  return entry.item === undefined ? entry : { ...entry, ...(items.get(entry.item) as unknown as Pick<WriteEntry, 'patch' | 'write'>) };
}

function planFrom(items: ReadonlyMap<string, Json>, count: number): CompiledPlan | undefined {
  if (count === 0) return undefined;
  let text = '';
  for (let i = 0; i < count; i++) text += items.get(planItem(i)) as string;
  return JSON.parse(text) as CompiledPlan;
}
