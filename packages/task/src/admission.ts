/**
 * Whether a delivered message may start, and how. A message may come twice or very late:
 *
 *  - redelivered, older than a hold (at most 30 s), or stored long after the turn that ordered it: whoever waits is asked
 *    first, by one read of its record;
 *  - past its deadline: not started;
 *  - `idempotent: 'no'`: a start mark is always made first, and only if there is none; one that exists means that the
 *    effect may have happened, and is reconciled, never repeated;
 *  - redelivered: the start is counted before it happens. So many starts without an end, and the message is buried: it
 *    kills its workers. Deliveries prove nothing, a frozen worker raises them for healthy messages.
 */
import type { StartMark, TaskDelivery, TaskRecords, WaiterRecord } from '@troupe/actor/internal';
import type { TaskMessage } from '@troupe/protocol';
import type { Handler } from './handler.ts';
import { wantsLoneAttempt } from './lone-task.ts';

export type Admission =
  | { readonly kind: 'run'; readonly reconcile: boolean; /** The start is recorded. */ readonly marked: boolean }
  /** `isFirst`: nobody has ever started it, and whoever ordered it lives: it may be waiting to hear of the end of this attempt. */
  | { readonly kind: 'notWanted'; readonly isFirst: boolean }
  | { readonly kind: 'tooLate' }
  | { readonly kind: 'killsWorkers'; readonly starts: number };

/** Whether the record of an entity still waits for this attempt; said by the package that owns the entity. */
export type Wants = (record: WaiterRecord, message: TaskMessage) => boolean;

export interface AdmissionOptions {
  readonly records: TaskRecords;
  readonly ackWaitMs: number;
  readonly serverNow: () => number;
  /** When this worker began to pull, server time: what was stored before has waited, and may have been cancelled meanwhile. */
  readonly startedAt: () => number;
  /** Starts without an end after which a message is buried. */
  readonly crashes: number;
  readonly wants: Wants | undefined;
}

const OLD_MS = 30_000;
/** Long past any run and redelivery, so that a message found after a long outage is still known to have been started. */
const MARK_TTL_MS = 30 * 86_400_000;

/** Throws `unavailable`; may then be called again. */
export async function admit(
  options: AdmissionOptions,
  delivery: TaskDelivery,
  message: TaskMessage,
  { contract }: Handler,
): Promise<Admission> {
  const { records, serverNow } = options;
  const oldMs = Math.min(OLD_MS, options.ackWaitMs);
  const { storedAt } = delivery;
  const waited = storedAt < options.startedAt() || serverNow() - storedAt > oldMs;
  const doubtful = delivery.deliveries > 1 || waited || storedAt - message.orderedAt > OLD_MS;
  const wanted = doubtful ? await wantOf(options, message) : 'yes';
  if (wanted !== 'yes') return { kind: 'notWanted', isFirst: wanted === 'no' && delivery.deliveries === 1 };
  if (message.deadline !== undefined && serverNow() > message.deadline) return { kind: 'tooLate' };
  const reconcile = message.reconcile === true;
  const once = contract.idempotent === 'no';
  if (!once && delivery.deliveries === 1) return { kind: 'run', reconcile, marked: false };
  // the common case of a first delivery needs no read: there is no mark
  let mark: StartMark | undefined = delivery.deliveries === 1 ? undefined : await records.readMark(message.id);
  for (;;) {
    const starts = mark?.starts ?? 0;
    if (starts >= options.crashes) return { kind: 'killsWorkers', starts };
    if (await records.writeMark(message.id, starts + 1, mark?.revision ?? 0, MARK_TTL_MS)) {
      return { kind: 'run', reconcile: reconcile || (once && mark !== undefined), marked: true };
    }
    mark = await records.readMark(message.id);
  }
}

/** Asks whoever waits for the outcome. Throws `unavailable`. */
export async function isWanted(options: Pick<AdmissionOptions, 'records' | 'wants'>, message: TaskMessage): Promise<boolean> {
  return (await wantOf(options, message)) === 'yes';
}

/** `over`: nobody waits for anything any more. */
async function wantOf(options: Pick<AdmissionOptions, 'records' | 'wants'>, message: TaskMessage): Promise<'yes' | 'no' | 'over'> {
  const { records } = options;
  const { replyTo } = message;
  if (replyTo === undefined) {
    // a lone task waits for nobody, until its result is there or its first failure has made an entity of it
    if (await records.hasResult(message.id)) return 'over';
    return (await records.waiter({ kind: 'task', key: message.id })) === undefined ? 'yes' : 'over';
  }
  const record = await records.waiter(replyTo);
  if (record === undefined || record.ended) return 'over';
  if (replyTo.kind === 'task') return wantsLoneAttempt(record.root, message) ? 'yes' : 'over';
  return (options.wants?.(record, message) ?? true) ? 'yes' : 'no';
}

/** Takes a recorded start back: it was handed back, which is no crash. The mark itself stays. Throws `unavailable`. */
export function unrecordStart(records: TaskRecords, message: TaskMessage): Promise<void> {
  return changeStarts(records, message, (mark) => (mark === undefined ? undefined : Math.max(0, mark.starts - 1)));
}

/** Counts a start of which it turned out only afterwards that it has no end. Throws `unavailable`. */
export function recordCrash(records: TaskRecords, message: TaskMessage): Promise<void> {
  return changeStarts(records, message, (mark) => (mark?.starts ?? 0) + 1);
}

async function changeStarts(
  records: TaskRecords,
  { id }: TaskMessage,
  change: (mark: StartMark | undefined) => number | undefined,
): Promise<void> {
  for (;;) {
    const mark = await records.readMark(id);
    const starts = change(mark);
    if (starts === undefined || starts === mark?.starts) return;
    if (await records.writeMark(id, starts, mark?.revision ?? 0, MARK_TTL_MS)) return;
  }
}
