/**
 * The working state of an operation, and the shape of its record.
 *
 *   accepting ──► running ──► ending ──► ended
 *       └────────► givingBack ────────────┘
 *
 *   accepting    the record exists, the resources are being taken, one after the other
 *   givingBack   a take was refused or cancelled: what was taken is restored, then it ends (or takes again)
 *   running      the plan runs; `stop` is set while it is being cancelled, aborted or superseded
 *   ending       the plan is over, the last writes of the resources are under way
 *   ended        kept for a week as an answer to late messages
 */
import type { Context, Json, Outcome, QueueClass, ResourceRef, WireError } from '@troupe/protocol';
import type { ResourceChange, ResourceRecord, ResourceWrite } from '@troupe/actor';
import type { FamilyName } from '@troupe/resource';
import type { ChildMail, Orphan } from '../mail.ts';
import type { CompiledPlan } from '../plan/compiled.ts';
import type { Need } from '../plan/nodes.ts';
import type { EndRules } from '../executor.ts';
import type { LogEntry } from './log.ts';

export type Phase = 'accepting' | 'givingBack' | 'running' | 'ending' | 'ended';

/** What an operation is: fixed when its record is made. */
export interface Head {
  readonly executor: string;
  readonly family: FamilyName;
  /** Hash of the command: tells a repetition from another command with the same id. */
  readonly digest: string;
  readonly class: QueueClass;
  /** As the command says it; whether a Delete is forced also depends on the state it finds. */
  readonly force?: boolean;
  readonly action?: string;
  readonly replyTo?: string;
  readonly context?: Context;
  /** Waits for resources that others own, in the order of the commands. */
  readonly queue?: true;
  readonly parent?: ChildMail['parent'];
  readonly createdAt: string;
  readonly deadlineMs?: number;
}

export interface Accepting {
  /** Id of the write whose outcome is awaited: a take, or a look. */
  effect?: string;
  /** Index of the resource it is for. */
  index: number;
  /** Resources are being found out: the write under way is a look at the first one. */
  looking?: true;
  /** How often everything was given back and taken again. */
  tries: number;
  /** Waiting for somebody else's operation: the timer of the next try. */
  timer?: string;
  /** What to do once everything is given back. */
  then?: { readonly outcome: Outcome; readonly error: WireError } | 'again';
  waitFor?: { readonly ref: ResourceRef; readonly operation: string | null };
  /** It has run before: how it ended, for the case that it cannot go on. */
  retry?: { readonly outcome: Outcome; readonly error: WireError };
  /** It was told to try again while it was still giving back. */
  told?: true;
  /** The operation that was asked last to say when it is over: asked once, or one that has no record would be asked for ever. */
  asked?: string;
}

/** A write that waits for the one before it. */
export interface WriteEntry {
  /** Paths of the nodes it belongs to: its refusal is theirs. */
  nodes: string[];
  /** Paths of nodes that only must not go on before it. */
  after: string[];
  /** Fields from handlers, written with whatever comes next for the resource. */
  patch?: ResourceChange;
  write?: ResourceWrite;
  /** Set if `patch` is too large for the root: it lies in this item. */
  item?: string;
}

export interface OwnedResource {
  readonly kind: string;
  readonly id: string;
  /** The family by whose rules it is taken and ended; the operation's own unless the executor says otherwise. */
  readonly family: FamilyName;
  readonly ends?: EndRules;
  readonly missing?: 'skip';
  /** Set if an ancestor owns it: the operation whose epoch counts. It is neither taken nor ended. */
  readonly lender?: string;
  /** Set if it is only looked at: it is neither taken nor ended, and what is found applies to this revision of it. */
  seen?: Seen;
  /** 0 until it is taken. */
  epoch: number;
  /** Resting state before the take. */
  before: string;
  state: string;
  runtimeState: string;
  backendId: string;
  /** A transition or a task of this operation has touched it. */
  touched?: true;
  /** State before the end of a plan that did not end well: a retry puts it back. */
  was?: string;
  /** Not ours any more: vanished, taken by a newer epoch, removed by us, or passed over because it was missing. Nothing is written to it. */
  lost?: 'gone' | 'stale' | 'removed';
  flight?: Flight;
  queue?: WriteEntry[];
}

/** How a pull found its resource in the store, and what became of its look at the backend. */
export interface Seen {
  readonly revision: number;
  /** Code of the error that it shows, if it is ERRED. */
  readonly error?: string;
  readonly broken: readonly string[] | 'any';
  /** Id of the step that decides. */
  step?: string;
  look?: 'succeeded' | 'failed';
}

/** A write under way. */
export interface Flight {
  readonly effect: string;
  readonly nodes: string[];
  readonly after: string[];
  readonly state?: string;
  readonly runtimeState?: string;
  readonly backendId?: string;
  readonly remove?: true;
  /** Fields that must not be lost if the transition they travel with is refused. */
  readonly patch?: ResourceChange;
}

/** State of a node under way, by path. Short names: up to 500 of them are written with every turn. */
export type NodeState =
  /** `s` since, `n` attempt, `b` attempts before a retry by hand, `t` tokens of the attempts oldest first (ending with attempt `n`), `id` timer, `w` writes awaited, `r` reconciling, `x` stopped, and waiting for what its attempt has done. */
  | {
      k: 'step';
      p: 'delay' | 'write' | 'run' | 'retry';
      s: number;
      n: number;
      b?: number;
      t: string[];
      id?: string;
      w?: number;
      r?: 1;
      pr?: string;
      x?: 1;
    }
  /** `n` looks, `e` failed ones in a row, `u` unknown states in a row, `rs` last runtime state, `a` when the attempt or pause began. */
  | {
      k: 'poll';
      p: 'delay' | 'write' | 'look' | 'pause';
      s: number;
      n: number;
      t?: string;
      id?: string;
      w?: number;
      e?: number;
      u?: number;
      rs?: string;
      at?: number;
    }
  | { k: 'pause'; s: number; id: string }
  | { k: 'signal'; s: number }
  /** `i` resource to look at next, `w` effect id of the look, `n` writes awaited before, `id` timer while its planner is not there. */
  | { k: 'expand'; p: 'write' | 'look' | 'parked'; s: number; i: number; w?: string; n?: number; id?: string }
  /** What it did is being taken back. */
  | { k: 'undo'; s: number }
  /** `w` effect id of the look, `of` operation that will say when it is over, `st` last state seen. */
  | { k: 'wait'; p: 'look' | 'pause'; s: number; id?: string; w?: string; of?: string; st?: string }
  /** `f` fence, `need` what is left after giving back. */
  | { k: 'lease'; p: 'ask' | 'held'; s: number; f?: number; need?: Need }
  | { k: 'transition'; s: number }
  | { k: 'child'; p: 'sent' | 'running' | 'cancel'; s: number; late?: 1 }
  /** `next` member to start, `done` ended, `g` ended well (counted for a quorum), `f` one has failed (its error is an item), `x` starts no more. */
  | { k: 'group'; next: number; done: number; g?: number; f?: 1; x?: 1 }
  /** `i` inner node under way, `f` it failed (its error is an item), `x` stopped: ends as failed whatever its handlers do. */
  | { k: 'attempt'; i: number; f?: 1; x?: 1 };

export type NodeStateOf<K extends NodeState['k']> = Extract<NodeState, { k: K }>;

export interface Watcher {
  readonly operation: string;
  readonly node: string;
  /** It queues for this resource: told one after the other, to whom it is promised. */
  readonly queue?: ResourceRef;
}

/** A node that has ended otherwise than well, or was not started because of that: from here a retry goes on. */
export interface Unfinished {
  /** Attempts so far: numbers are never used twice. */
  readonly n?: number;
  /** Nobody can tell whether it happened: the next attempt looks first. */
  readonly r?: 1;
  /** It was counted as a step that has ended. */
  readonly c?: 1;
}

export interface AuditEntry {
  readonly verb: string;
  readonly at: number;
  readonly by?: string;
  readonly reason?: string;
  readonly step?: string;
}

/** Nothing new starts. What would have started, and timers that fired meanwhile, wait for the end of the pause. */
export interface Pause {
  readonly at: number;
  readonly by?: string;
  readonly reason?: string;
  starts: string[];
  timers: { node: string; timer: string }[];
}

export interface Stop {
  readonly outcome: Outcome;
  readonly error: WireError;
  /** What was done stays done. */
  readonly keep?: true;
}

/** What changes while it runs; kept small, written with every turn. */
export interface Progress {
  acceptedAt?: number;
  /** Epoch ms past which the operation is stopped; grows by the waits for leases. */
  deadline?: number;
  watchdog?: { id: string; at: number };
  /** Whether a Delete is forced, decided when its resource was taken. */
  forced?: true;
  /** Steps that have ended, and all of the plan. */
  done: number;
  total: number;
  /** A task was sent: a cancel leaves its mark. */
  started?: true;
  stop?: Stop;
  /** The first error (D11). */
  error?: WireError;
  failedStep?: string;
  /** How many errors were logged. */
  logged: number;
  /** Undoable nodes that have succeeded, ever: the numbers of their items. */
  undos?: number;
  /** What they did is being taken back; with how the plan ended. */
  undoing?: { readonly error: WireError; readonly stopped?: true };
  /** Steps that could not be taken back. */
  left?: string[];
  /** The last verbs and signals, by id: they answer nothing that the state could name. */
  verbs?: string[];
  /** Who did what to it, the newest last. */
  audit?: AuditEntry[];
  /** Steps that are to be passed over when they are reached. */
  skips?: { step: string; output?: Json }[];
  paused?: Pause;
  /** What was done was taken back, so there is nothing to go on from. */
  undone?: true;
  /** How often it has ended, where something is to follow. */
  ends?: number;
  /** Ended, and everything is kept that it needs to go on from the failed step. */
  retryable?: true;
  watchers?: Watcher[];
  /** By resource, whom it told that it is over, of those who queue: the others stand behind that one. */
  handedTo?: Record<string, string>;
  outcome?: Outcome;
  endedAt?: number;
  output?: Json;
  /** What a forced delete left on the backend, and why. */
  /** Its own and those of its children. */
  orphans?: Orphan[];
  /** What an Action says about itself, kept after the resource has forgotten it. */
  actionDetails?: Json;
}

export interface Operation {
  readonly key: string;
  phase: Phase;
  head: Head;
  input: Json;
  /** Too large for the root. */
  inputInItem: boolean;
  progress: Progress;
  resources: OwnedResource[];
  accepting: Accepting | undefined;
  /** Snapshots of taken resources, kept until the plan is made of them. */
  taken: Map<number, ResourceRecord>;
  plan: CompiledPlan | undefined;
  /** How many items the plan fills; 0 = it lies in the root. */
  planItems: number;
  /** Ids of steps and polls to their paths. */
  steps: Map<string, string>;
  active: Map<string, NodeState>;
  outputs: Map<string, Json>;
  /** Names of the outputs that lie in items. */
  outputItems: Set<string>;
  /** Bytes of the outputs that lie in the root. */
  inlineBytes: number;
  /** First errors of groups and attempts under way, by path; they lie in items. */
  errors: Map<string, WireError>;
  /** By path; they lie in items. */
  unfinished: Map<string, Unfinished>;
  /** Groups that failed before all members were started, with the first that was not; they lie in items. */
  unstarted: Map<string, number>;
  /** What an ended operation keeps for a retry, as text; it lies in items. */
  kept: string;
  /** Signals that nobody has waited for yet, by name; they lie in items. */
  signals: Map<string, Json>;
  /** Snapshots that an expansion has been given so far, by its path and the index of the resource; they lie in items. */
  seen: Map<string, ResourceRecord>;
  /** Bytes of what planners have made since this record was loaded. */
  expandedBytes: number;
  /** Paths of undoable nodes that have succeeded, by number; they lie in items. */
  undos: Map<number, string>;
  /** Slot to entry; items until the end, then in the root. */
  log: Map<number, LogEntry>;
}

/** Behaviours start from a key that may have no record. */
export interface OperationState {
  readonly key: string;
  op: Operation | undefined;
}
