/** The queue of one pool as a worker process has it: the port of the worker, over the queues in memory. */
import type { QueueClass, Subjects, TaskResult } from '@troupe/protocol';
import type { StartMark, TaskDelivery, TaskReceiver, TaskSource } from '@troupe/actor/internal';
import type { Outbox } from './effect-sink.ts';
import type { Mailboxes } from './mailboxes.ts';
import type { MemoryProcess } from './process.ts';
import type { RecordTable } from './record-table.ts';
import type { HeldTask, TaskQueues } from './task-queues.ts';

/** Start marks, shared by all workers. */
export type MarkTable = Map<string, { readonly mark: StartMark; readonly expiresAt: number }>;

export interface MemoryTaskSourceParts {
  readonly pool: string;
  readonly process: MemoryProcess;
  readonly subjects: Subjects;
  readonly queues: TaskQueues;
  readonly mailboxes: Mailboxes;
  readonly records: RecordTable;
  readonly results: ReadonlyMap<string, TaskResult>;
  readonly marks: MarkTable;
  readonly outbox: Outbox;
  readonly ackWaitMs: number;
  onSignal(heard: TaskReceiver['signal']): () => void;
}

interface Pull {
  readonly class: QueueClass;
  left: number;
  readonly end: () => void;
}

const encoder = new TextEncoder();

export function createMemoryTaskSource(parts: MemoryTaskSourceParts): TaskSource {
  const { pool, process, subjects, queues, mailboxes, marks } = parts;
  const { clock } = process;
  const pulls = new Set<Pull>();
  const watched = new Map<QueueClass, () => void>();
  let receiver: TaskReceiver | undefined;
  let stopSignals: (() => void) | undefined;

  const deliveryOf = (task: HeldTask): TaskDelivery => ({
    class: task.class,
    subject: subjects.task(task.class, pool, task.task),
    sequence: task.sequence,
    data: encoder.encode(task.text),
    context: task.context,
    storedAt: task.storedAt,
    deliveries: task.deliveries,
    ack: task.ack,
    extend: task.extend,
    giveBack: task.giveBack,
  });

  /** Never within the call of `pull`: over a wire nothing comes back before the caller has gone on. */
  const fill = (cls: QueueClass): void => {
    for (const pull of [...pulls]) {
      if (pull.class !== cls || receiver === undefined) continue;
      for (const task of queues.pull(process, cls, pool, pull.left)) {
        pull.left--;
        receiver.deliver(deliveryOf(task));
      }
      if (pull.left === 0) pull.end();
    }
  };

  return {
    pool,
    ackWaitMs: parts.ackWaitMs,
    serverNow: () => clock.now(),
    open: (given) =>
      process.call('tasks.open', false, () => {
        receiver = given;
        stopSignals = parts.onSignal((body) => {
          if (process.alive) given.signal(body);
        });
      }),
    pull(request) {
      if (!watched.has(request.class)) {
        watched.set(
          request.class,
          queues.watch(process, request.class, pool, () => fill(request.class)),
        );
      }
      const pull: Pull = {
        class: request.class,
        left: request.count,
        end: () => {
          if (!pulls.delete(pull)) return;
          cancel();
          request.onEnd(pull.left);
        },
      };
      const cancel = clock.setTimer(request.expiresMs, () => pull.end());
      pulls.add(pull);
      clock.setTimer(0, () => fill(request.class));
    },
    async stopPulling() {
      for (const stop of watched.values()) stop();
      watched.clear();
      for (const pull of [...pulls]) pull.end();
    },
    flush: () => process.call('tasks.flush', false, () => undefined),
    async close() {
      stopSignals?.();
      receiver = undefined;
    },

    mail: (to, mail, context) =>
      process.call('tasks.mail', true, () => {
        mailboxes.post(to, process.travel({ ...mail, sender: `task-${pool}` as const, context }, mail.type));
      }),
    result: (result) => process.call('tasks.result', true, () => parts.outbox.result(process.travel(result, 'result'))),
    bury: (delivery, error, attempts) =>
      process.call('tasks.bury', true, () =>
        parts.outbox.bury({
          v: 1,
          reason: error.code,
          error: process.travel(error, 'error'),
          attempts,
          subject: delivery.subject,
          headers: { ...delivery.context },
          body: new TextDecoder().decode(delivery.data),
          at: clock.now(),
        }),
      ),

    waiter: (of) =>
      process.call('tasks.waiter', false, () => {
        const root = parts.records.root(of);
        return root === undefined ? undefined : { root: root.s ?? null, ended: root.ttl !== undefined };
      }),
    hasResult: (id) => process.call('tasks.hasResult', false, () => parts.results.has(id)),
    readMark: (id) =>
      process.call('tasks.readMark', false, () => {
        const found = marks.get(id);
        return found === undefined || found.expiresAt <= clock.now() ? undefined : found.mark;
      }),
    writeMark: (id, starts, expected, ttlMs) =>
      process.call('tasks.writeMark', true, () => {
        const found = marks.get(id);
        const last = found === undefined || found.expiresAt <= clock.now() ? 0 : found.mark.revision;
        if (last !== expected) return false;
        // also after an expiry no revision comes twice
        marks.set(id, { mark: { starts, revision: (found?.mark.revision ?? 0) + 1 }, expiresAt: clock.now() + ttlMs });
        return true;
      }),
  };
}
