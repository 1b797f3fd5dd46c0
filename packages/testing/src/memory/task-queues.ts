/**
 * TASKS in memory: one queue per class and pool. A worker pulls for its free slots; what it does not acknowledge comes
 * again when its hold lapses, and nothing else brings it back.
 */
import type { Context, QueueClass, TaskMessage } from '@troupe/protocol';
import type { SeededRandom } from '../seeded-random.ts';
import type { VirtualClock } from '../virtual-clock.ts';
import type { MemoryProcess } from './process.ts';
import { travel } from './travel.ts';

export interface TaskQueueOptions {
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
  readonly ackWaitMs: number;
  readonly dedupWindowMs: number;
  readonly shuffleMs: number;
  readonly repeats: number;
  readonly repeatWithinMs: number;
}

/** A task in the hands of a worker. */
export interface HeldTask {
  readonly class: QueueClass;
  readonly pool: string;
  /** Name of the task, as its subject has it. */
  readonly task: string;
  /** As it was sent; not always a task message. */
  readonly text: string;
  readonly context: Context;
  readonly sequence: number;
  /** Epoch milliseconds. */
  readonly storedAt: number;
  readonly deliveries: number;
  ack(): void;
  /** Renews the hold. */
  extend(): void;
  /** Gives it back, to come again after `delayMs`. */
  giveBack(delayMs: number): void;
}

export interface TaskQueues {
  push(id: string, cls: QueueClass, pool: string, message: TaskMessage, context: Context): void;
  /** Stores a body that is no task message, or none of this version: what anybody who may write to the subject can send. */
  pushBody(cls: QueueClass, pool: string, task: string, body: string): void;
  /** Takes up to `count` tasks that wait, oldest first. */
  pull(process: MemoryProcess, cls: QueueClass, pool: string, count: number): HeldTask[];
  /** Calls back whenever a task of the queue may be had, until the process dies or `stop` is called. */
  watch(process: MemoryProcess, cls: QueueClass, pool: string, available: () => void): () => void;
  /** Tasks that are not acknowledged. */
  readonly unacknowledged: number;
  /** Every message ever stored, for assertions. */
  readonly sent: readonly { readonly class: QueueClass; readonly pool: string; readonly message: TaskMessage; readonly context: Context }[];
  describe(): readonly string[];
}

interface Stored {
  readonly sequence: number;
  readonly queue: string;
  readonly class: QueueClass;
  readonly pool: string;
  readonly task: string;
  readonly text: string;
  readonly context: Context;
  readonly storedAt: number;
  deliveries: number;
  repeatsLeft: number;
  ready: boolean;
  cancelHold: (() => void) | undefined;
}

export function createTaskQueues(options: TaskQueueOptions): TaskQueues {
  const { clock, random } = options;
  const messages = new Map<number, Stored>();
  const seen = new Map<string, number>();
  const sent: TaskQueues['sent'][number][] = [];
  const watchers = new Map<string, Set<() => void>>();
  let sequence = 0;

  const nameOf = (cls: QueueClass, pool: string): string => `${cls} ${pool}`;

  const offer = (message: Stored, delayMs = 0): void => {
    message.cancelHold?.();
    const shuffled = delayMs + (options.shuffleMs > 0 ? random.int(options.shuffleMs + 1) : 0);
    message.cancelHold = clock.setTimer(shuffled, () => {
      message.ready = true;
      const waiting = watchers.get(message.queue);
      for (const available of [...(waiting ?? [])]) {
        available();
        if (message.ready) continue;
        // whoever was served goes to the end, as the request of a worker that asks again does
        if (waiting?.delete(available) === true) waiting.add(available);
        break;
      }
    });
  };

  const hold = (message: Stored): void => {
    message.cancelHold?.();
    message.cancelHold = clock.setTimer(options.ackWaitMs, () => offer(message));
  };

  const take = (message: Stored, process: MemoryProcess): HeldTask => {
    message.ready = false;
    message.deliveries++;
    hold(message);
    const heard = (run: () => void) => (): void => {
      if (process.alive && messages.get(message.sequence) === message) run();
    };
    return {
      class: message.class,
      pool: message.pool,
      task: message.task,
      text: message.text,
      context: message.context,
      sequence: message.sequence,
      storedAt: message.storedAt,
      deliveries: message.deliveries,
      ack: heard(() => {
        message.cancelHold?.();
        message.ready = false;
        if (message.repeatsLeft > 0) {
          message.repeatsLeft--;
          offer(message, random.int(options.repeatWithinMs + 1));
        } else messages.delete(message.sequence);
      }),
      extend: heard(() => {
        if (!message.ready) hold(message);
      }),
      giveBack: (delayMs) => heard(() => offer(message, delayMs))(),
    };
  };

  const store = (cls: QueueClass, pool: string, task: string, text: string, context: Context): void => {
    const stored: Stored = {
      sequence: ++sequence,
      queue: nameOf(cls, pool),
      class: cls,
      pool,
      task,
      text,
      context: travel(context, 'context'),
      storedAt: clock.now(),
      deliveries: 0,
      repeatsLeft: options.repeats,
      ready: false,
      cancelHold: undefined,
    };
    messages.set(stored.sequence, stored);
    offer(stored);
  };

  return {
    push(id, cls, pool, message, context) {
      const at = seen.get(id);
      if (at !== undefined && clock.now() - at < options.dedupWindowMs) return;
      seen.set(id, clock.now());
      const copy = travel(message, `task ${message.task}`);
      sent.push({ class: cls, pool, message: copy, context });
      store(cls, pool, message.task, JSON.stringify(copy), context);
    },
    pushBody: (cls, pool, task, body) => store(cls, pool, task, body, {}),
    pull(process, cls, pool, count) {
      const queue = nameOf(cls, pool);
      const out: HeldTask[] = [];
      for (const message of messages.values()) {
        if (out.length >= count) break;
        if (message.queue === queue && message.ready) out.push(take(message, process));
      }
      return out;
    },
    watch(process, cls, pool, available) {
      const queue = nameOf(cls, pool);
      const set = watchers.get(queue) ?? new Set();
      watchers.set(queue, set);
      const run = (): void => {
        if (process.alive) available();
      };
      set.add(run);
      const stop = (): void => void set.delete(run);
      process.onKill(stop);
      return stop;
    },
    get unacknowledged() {
      return messages.size;
    },
    sent,
    describe: () =>
      [...messages.values()].map(
        (m) => `task ${m.task} (${m.queue}) ${whichOf(m.text)}, delivered ${m.deliveries} times${m.ready ? ', waits for a worker' : ''}`,
      ),
  };
}

function whichOf(text: string): string {
  try {
    const { step, attempt } = JSON.parse(text) as TaskMessage;
    return `step ${step ?? '-'} attempt ${attempt}`;
  } catch {
    return 'that cannot be read';
  }
}
