/**
 * Operations: plans, and the entity that supervises them to an end.
 *
 *     const createVolume = createExecutor({
 *       name: 'volume.create', family: 'create', resource: Volume, input: z.object({ size: z.number() }),
 *       plan: ({ input }) => step('create', createVolumeTask, { size: input.size }, { transition: 'beginCreating' }),
 *     });
 *     const behaviour = operationBehaviour({ executors: [createVolume] });
 */
export {
  type AfterContext,
  createExecutor,
  type EndRules,
  type ExecutorDefinition,
  type ExecutorOptions,
  executorsByName,
  type Following,
  type OwnedSpec,
  type PlanContext,
  type Snapshot,
} from './executor.ts';
export { type Cleanup, type CleanupKind, type CleanupOptions, createCleanup } from './cleanup.ts';
export { type Explanation, type ExplainLookups, explainOperation, type Wait } from './explain.ts';
export { judgeCommand, type Judgement, refusalOf } from './judge.ts';
export { operationBehaviour, type OperationOptions } from './operation/behaviour.ts';
export type { LogEntry } from './operation/log.ts';
export { createRecover, createUnlink } from './operator.ts';
export type { AuditEntry } from './operation/state.ts';
export {
  attempt,
  chain,
  child,
  expand,
  fail,
  giveBack,
  group,
  nothing,
  poll,
  step,
  throttled,
  transition,
  undoable,
  wait,
} from './plan/build.ts';
export { type CompileSettings, compilePlan } from './plan/compile.ts';
export type { CompiledPlan } from './plan/compiled.ts';
export type {
  CatchClause,
  ChildOptions,
  ExpandOptions,
  GroupOptions,
  Need,
  PlanNode,
  PollGoal,
  PollOptions,
  RuntimeStates,
  StepOptions,
  Target,
  ThrottleOptions,
  TransitionSet,
  WaitOptions,
} from './plan/nodes.ts';
export { createPull, isPullable, type PullOptions, type PullOutput, type PullRules } from './pull.ts';
export { createPlanner, type Expansion, type Planner, type PlannerContext, type PlannerOptions, plannersByName } from './planner.ts';
export { outputOf, type Outputs, type Puts, type Ref, ref, type WithRefs } from './plan/ref.ts';
export type { ShownState, WaitReason } from './shown-state.ts';
export { type NodeView, operationView, type OperationView, wantsAttempt } from './view.ts';
