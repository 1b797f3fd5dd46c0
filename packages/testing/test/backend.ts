/**
 * A backend and its worker, as plain as can be: objects under names, calls that take time, and tasks that are safe to
 * repeat because they carry a token. The worker is only large enough for these tests; the real one has a package.
 */
import type { TaskDelivery } from '@troupe/actor/internal';
import { wantsAttempt } from '@troupe/executor';
import type { Json, TaskEnded, TaskMessage, TaskOutcome } from '@troupe/protocol';
import type { MemoryPorts, RoleOptions, SeededRandom } from '@troupe/testing';

export type Handle = (message: TaskMessage) => TaskOutcome;

export interface Backend {
  readonly objects: Map<string, { state: string }>;
  /** Every effect on the backend, in order. */
  readonly calls: string[];
  readonly running: { now: number; most: number };
  /** Overrules what a task does. */
  on(task: string, handle: Handle | undefined): void;
  role(replicas?: number): RoleOptions;
}

const SLOTS = 4;
const done = (output: Json = null, patch?: Extract<TaskOutcome, { kind: 'succeeded' }>['patch']): TaskOutcome =>
  patch === undefined ? { kind: 'succeeded', output } : { kind: 'succeeded', output, patch };

export const failed = (code: string, retryable = true): TaskOutcome => ({
  kind: 'failed',
  error: { code, message: `the backend says ${code}`, retryable },
});

export function createBackend(): Backend {
  const objects = new Map<string, { state: string }>();
  const calls: string[] = [];
  const running = { now: 0, most: 0 };
  const overruled = new Map<string, Handle>();

  const handlers: Record<string, Handle> = {
    create(message) {
      // the token is the client's name for the object: a second call finds it
      const id = `b-${message.idempotencyToken}`;
      if (!objects.has(id)) {
        objects.set(id, { state: 'creating' });
        calls.push(`create ${id}`);
      }
      return done({ id }, { backendId: id, runtimeState: 'creating' });
    },
    look(message) {
      const { id } = message.input as { id: string };
      const object = objects.get(id);
      if (object === undefined) return failed('not_found', false);
      if (object.state === 'creating') object.state = 'available';
      else return done(null, { runtimeState: object.state });
      return done(null, { runtimeState: 'creating' });
    },
    remove(message) {
      const { id } = message.input as { id: string };
      if (objects.delete(id)) calls.push(`remove ${id}`);
      return done();
    },
    work: () => done({ worked: true }),
  };

  const run = (message: TaskMessage): TaskOutcome => {
    const handle = overruled.get(message.task) ?? handlers[message.task];
    return handle === undefined ? failed('unknown_task', false) : handle(message);
  };

  return {
    objects,
    calls,
    running,
    on(task, handle) {
      if (handle === undefined) overruled.delete(task);
      else overruled.set(task, handle);
    },
    role: (replicas = 2) => ({
      name: 'worker',
      replicas,
      start: (ports, { random }) => startWorker(ports, random, running, run),
    }),
  };
}

/** Pulls for free slots, takes its time, answers until the answer is stored, acknowledges last. */
async function startWorker(ports: MemoryPorts, random: SeededRandom, running: Backend['running'], run: Handle): Promise<void> {
  const source = ports.taskSource('test');
  const { clock } = ports.process;
  let mine = 0;
  const pause = (ms: number): Promise<void> => new Promise((resolve) => void clock.setTimer(ms, resolve));
  // what dies with its process does not run any more
  ports.process.onKill(() => void (running.now -= mine));

  const handle = async (delivery: TaskDelivery): Promise<void> => {
    const message = JSON.parse(new TextDecoder().decode(delivery.data)) as TaskMessage;
    // a message that comes again may be one that nobody waits for any more: the record says so
    if (delivery.deliveries > 1 && !(await isWanted(message))) return delivery.ack();
    running.most = Math.max(running.most, ++running.now);
    mine++;
    await pause(50 + random.int(500));
    const outcome = run(message);
    const ended: TaskEnded = {
      ...(message.step === undefined ? {} : { step: message.step }),
      attempt: message.attempt,
      token: message.token,
      outcome,
      worker: ports.process.name,
      startedAt: clock.now(),
      endedAt: clock.now(),
    };
    for (;;) {
      try {
        await source.mail(
          message.replyTo!,
          { id: `${message.id}:${message.token}`, type: 'task.ended', body: ended as unknown as Json },
          delivery.context,
        );
        break;
      } catch {
        await pause(100);
      }
    }
    running.now--;
    mine--;
    delivery.ack();
  };

  const isWanted = async (message: TaskMessage): Promise<boolean> => {
    for (;;) {
      try {
        const waiter = await source.waiter(message.replyTo!);
        return waiter !== undefined && !waiter.ended && wantsAttempt(waiter.root, message);
      } catch {
        await pause(100);
      }
    }
  };

  for (;;) {
    try {
      await source.open({ deliver: (delivery) => void handle(delivery), signal: () => undefined });
      break;
    } catch {
      await pause(100);
    }
  }
  for (const cls of ['regular', 'heavy'] as const) {
    const pull = (): void => source.pull({ class: cls, count: SLOTS, expiresMs: 5_000, onEnd: () => pull() });
    pull();
  }
}
