/**
 * Cleanup: everything that belongs to something goes, children first, and a report says what could not.
 *
 * The order is made of what the kinds say about each other: a kind that is removed `after` others waits for them; kinds that
 * say nothing of each other go in one wave. A failure ends nothing: the rest of its wave and the waves after it are tried.
 */
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { type JsonObject, type QueueClass, type ResourceRef, TroupeError } from '@troupe/protocol';
import type { ResourceKind } from '@troupe/resource';
import type { TaskContract } from '@troupe/task';
import { createExecutor, type ExecutorDefinition, type Snapshot } from './executor.ts';
import { attempt, chain, child, expand, fail, group, nothing, step } from './plan/build.ts';
import type { ExecutorTarget, PlanNode } from './plan/nodes.ts';
import { ref } from './plan/ref.ts';
import { createPlanner, type Planner } from './planner.ts';

export interface CleanupKind {
  /** Executor that removes one resource of the kind; it is told `force`. */
  readonly remove: ExecutorTarget;
  /** Kinds that must have been tried before. */
  readonly after?: readonly string[];
}

export interface CleanupOptions<Data extends JsonObject, Schema extends StandardSchemaV1 | undefined> {
  readonly name: string;
  /** What everything belongs to; removed at the end, kept (ERRED, with the report) if something is left. Absent = only the rest goes. */
  readonly resource?: ResourceKind<Data>;
  readonly input?: Schema;
  readonly class?: QueueClass;
  /** Lists what belongs to it: puts out a list of `{kind, id}`. */
  readonly list: TaskContract;
  /** Input of the listing. Default: the reference of the resource. */
  listInput?(context: { readonly resource: Snapshot<Data> | undefined; readonly input: unknown }): unknown;
  readonly kinds: Readonly<Record<string, CleanupKind>>;
  /** Removals at once, 1 to 500. Default 20. */
  readonly window?: number;
}

export interface Cleanup {
  readonly executor: ExecutorDefinition;
  /** To be registered beside it. */
  readonly planners: readonly Planner[];
}

interface Failure {
  readonly member: number;
  readonly error: { readonly code: string; readonly message: string };
}

const REPORT_LIMIT = 50;

/**
 * Defines a cleanup. Throws `invalid_options` naming the field, also for kinds that wait for each other in a circle.
 *
 *     const cleanUp = createCleanup({ name: 'project.cleanup', resource: Project, list: listProject,
 *       kinds: { instance: { remove: 'instance.delete' }, volume: { remove: 'volume.delete', after: ['instance'] } } });
 */
export function createCleanup<Data extends JsonObject, Schema extends StandardSchemaV1 | undefined = undefined>(
  options: CleanupOptions<Data, Schema>,
): Cleanup {
  const { name, kinds, list, window = 20 } = options;
  const waves = wavesOf(name, kinds);
  const planner = createPlanner({
    name: `${name}.waves`,
    plan({ input }) {
      const found = refsIn(input, kinds);
      const tried = waves.map((wave) => found.filter(({ kind }) => wave.includes(kind))).filter((wave) => wave.length > 0);
      const groups = tried.map((wave, n): PlanNode => {
        const members = wave.map((one, i) => removal(`w${n}-${i}`, one, kinds[one.kind]!));
        return group({ policy: 'collect', id: `wave-${n}`, window }, ...members);
      });
      const reports = tried.map((_, n) => ref(`wave-${n}`));
      return chain(...groups, expand('verdict', verdict, { input: { reports, tried: tried as never } }));
    },
  });
  const verdict = createPlanner({ name: `${name}.verdict`, plan: ({ input }) => judged(input as never) });
  const executor = createExecutor({
    name,
    family: options.resource === undefined ? 'free' : 'delete',
    neverCreated: 'plan',
    ...(options.resource === undefined ? {} : { resource: options.resource }),
    ...(options.input === undefined ? {} : { input: options.input as StandardSchemaV1 }),
    ...(options.class === undefined ? {} : { class: options.class }),
    plan: ({ resource, input }) => {
      const own = resource === undefined ? null : { kind: resource.kind, id: resource.id };
      const asked = options.listInput?.({ resource: resource as Snapshot<Data> | undefined, input }) ?? own;
      return chain(step('list', list.name, asked), expand('cleanup', planner, { input: ref('list') }));
    },
  });
  return { executor, planners: [planner, verdict] };
}

function removal(id: string, one: ResourceRef, { remove }: CleanupKind): PlanNode {
  const body = child(id, remove, { resource: { kind: one.kind, id: one.id }, options: { force: true } });
  // what is gone already is what was wanted
  return attempt({ body, catch: [{ code: ['unknown_resource', 'resource_gone'], do: nothing() }] });
}

interface Verdict {
  /** By wave. */
  readonly reports: readonly (readonly Failure[])[];
  readonly tried: readonly (readonly ResourceRef[])[];
}

/** The report names resources: steps of a plan that somebody else has made say nothing to anybody. */
function judged({ reports, tried }: Verdict): PlanNode {
  const left = reports.flatMap((report, wave) => report.map(({ member, error }) => ({ ...tried[wave]![member]!, error })));
  const [first] = left;
  if (first === undefined) return nothing();
  return fail(
    'cleanup_incomplete',
    `${left.length} of ${tried.flat().length} could not be removed, first ${first.kind} ${first.id}: ${first.error.message}`.slice(
      0,
      1_000,
    ),
    { left: left.slice(0, REPORT_LIMIT) as never, count: left.length },
  );
}

function refsIn(value: unknown, kinds: Readonly<Record<string, CleanupKind>>): ResourceRef[] {
  if (!Array.isArray(value)) throw new TroupeError('invalid_output', 'the listing is no list', { field: 'list' });
  return value.map((one: unknown, i) => {
    const { kind, id } = (one ?? {}) as Partial<ResourceRef>;
    if (typeof kind !== 'string' || typeof id !== 'string')
      throw new TroupeError('invalid_output', `list.${i} is no {kind, id}`, { field: `list.${i}` });
    // left out silently it would be left behind silently
    if (!Object.hasOwn(kinds, kind))
      throw new TroupeError('unknown_kind', `nobody says how a ${kind} is removed`, { field: `list.${i}.kind` });
    return { kind, id };
  });
}

/** Kinds by wave: each after all that it names. */
function wavesOf(name: string, kinds: Readonly<Record<string, CleanupKind>>): string[][] {
  const wrong = (field: string, why: string): TroupeError =>
    new TroupeError('invalid_options', `cleanup ${JSON.stringify(name)}: ${field} ${why}`, { field });
  if (Object.keys(kinds).length === 0) throw wrong('kinds', 'are none');
  const depth = new Map<string, number>();
  const visit = (kind: string, way: readonly string[]): number => {
    if (way.includes(kind))
      throw wrong(`kinds.${kind}.after`, `waits for itself: ${[...way.slice(way.indexOf(kind)), kind].join(' after ')}`);
    const known = depth.get(kind);
    if (known !== undefined) return known;
    const own = kinds[kind];
    if (own === undefined) throw wrong(`kinds.${way.at(-1)}.after`, `names ${kind}, which is no kind of it`);
    const found = Math.max(0, ...(own.after ?? []).map((other) => visit(other, [...way, kind]) + 1));
    depth.set(kind, found);
    return found;
  };
  for (const kind of Object.keys(kinds)) visit(kind, []);
  const out: string[][] = [];
  for (const [kind, level] of depth) (out[level] ??= []).push(kind);
  return out;
}
