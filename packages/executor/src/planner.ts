/** Planners: parts of a plan that can only be made when they are reached. */
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { type Json, NAME_LIMIT_CHARS, TroupeError } from '@troupe/protocol';
import type { Snapshot } from './executor.ts';
import type { PlanNode } from './plan/nodes.ts';

export interface PlannerContext<Input> {
  /** The first resource of the operation as it is now; undefined if it owns none. */
  readonly resource: Snapshot | undefined;
  readonly resources: readonly Snapshot[];
  readonly input: Input;
  /** What an earlier step has put out; undefined if there is nothing, or nothing but null that no reference asked for. */
  output(name: string): Json | undefined;
  readonly options: { readonly force: boolean };
  readonly operation: string;
}

/** `output` is what the expansion puts out; it may hold references to outputs of the steps in `plan`. */
export type Expansion = PlanNode | { readonly plan: PlanNode; readonly output?: unknown };

export interface PlannerOptions<Schema extends StandardSchemaV1 | undefined> {
  /** One name for ever: stored plans carry it. */
  readonly name: string;
  /** Standard Schema of the input; must validate at once. Absent = whatever the plan gives. */
  readonly input?: Schema;
  plan(context: PlannerContext<Schema extends StandardSchemaV1 ? StandardSchemaV1.InferOutput<Schema> : Json>): Expansion;
}

export interface Planner {
  readonly name: string;
  readonly input: StandardSchemaV1 | undefined;
  readonly plan: (context: PlannerContext<Json>) => Expansion;
}

/**
 * Defines a planner, for `expand`. It is called when its node is reached, with resources and outputs of that moment, and what it
 * answers is stored. It must be deterministic and quick: it runs inside a turn. Throws `invalid_options` naming the field.
 *
 *     const perVolume = createPlanner({ name: 'per-volume', plan: ({ output }) => group({}, ...idsIn(output('list')).map((id) => …)) })
 */
export function createPlanner<Schema extends StandardSchemaV1 | undefined = undefined>(options: PlannerOptions<Schema>): Planner {
  const { name, input, plan } = options;
  const wrong = (field: string, why: string): TroupeError =>
    new TroupeError('invalid_options', `planner ${JSON.stringify(name)}: ${field} ${why}`, { field });
  if (typeof name !== 'string' || name === '' || name.length > NAME_LIMIT_CHARS)
    throw wrong('name', `must be text of 1 to ${NAME_LIMIT_CHARS} characters`);
  if (typeof plan !== 'function') throw wrong('plan', 'must be a function');
  if (input !== undefined && typeof input['~standard']?.validate !== 'function') throw wrong('input', 'must be a Standard Schema');
  for (const key of Object.keys(options)) if (!['name', 'input', 'plan'].includes(key)) throw wrong(key, 'is no option');
  return Object.freeze({ name, input, plan: plan as Planner['plan'] });
}

/** Planners by name; two of one name are refused. */
export function plannersByName(list: Iterable<Planner>): ReadonlyMap<string, Planner> {
  const out = new Map<string, Planner>();
  for (const one of list) {
    if (out.has(one.name) && out.get(one.name) !== one)
      throw new TroupeError('duplicate_name', `two planners are called ${JSON.stringify(one.name)}`, { field: one.name });
    out.set(one.name, one);
  }
  return out;
}
