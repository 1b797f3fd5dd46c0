/**
 * Runs that another entity does for a schedule, a fan-out for instance: what the two say to each other. The schedule decides when
 * and whether, the other one what. `seq` grows from run to run of one schedule: a message with a lower one is an old one.
 */
import type { Incoming } from '@troupe/actor';
import type { Json } from '@troupe/protocol';

export interface RunNamed {
  readonly seq: number;
}

/** `run.start`, to the other entity. Said again it is answered again. */
export interface RunStart extends RunNamed {
  readonly run: string;
  /** Epoch milliseconds. */
  readonly nominal?: number;
  /** The part of the definition that the other entity reads. */
  readonly what: Json;
}

/** Further mail to it: `run.close` (end it, leaving alone what still lives), `run.cancel`, `run.forget` (the schedule is deleted). */
const delegateMail = ['run.start', 'run.close', 'run.cancel', 'run.forget'];

/** `run.ended`, to the schedule. Before it may come `run.started`: all has been started, the next run need not wait for its end. */
export interface RunEnded extends RunNamed {
  readonly ended: 'succeeded' | 'failed' | 'cancelled';
  readonly error?: { readonly code: string; readonly message: string };
  /** For the users of the schedule. */
  readonly userMessage?: string;
  /** What came out, in numbers. */
  readonly counts?: Readonly<Record<string, number>>;
}

/** The record of one that was deleted stays so long to know late messages. */
export const FORGOTTEN_TTL_MS = 86_400_000;

/** Its own timer, its own tasks, its schedule, and whatever operations it orders. */
export function mayReceiveDelegated({ sender, type, from }: Pick<Incoming, 'sender' | 'type' | 'from'>): boolean {
  if (sender === 'timer') return type === 'timer.wake';
  if (sender !== 'entity') return sender.startsWith('task-') && (type === 'task.ended' || type === 'task.progress');
  if (from?.kind === 'operation') return type === 'child.answered' || type === 'child.ended';
  return from?.kind === 'schedule' && delegateMail.includes(type);
}

/** What the record of each entity has that does runs for a schedule. */
export interface DelegatedRoot {
  /** The highest that was ever started: what comes with a lower one comes late. */
  readonly lastSeq: number;
  readonly current?: RunNamed;
  /** Names the one timer that wakes it. */
  wake?: { readonly id: string; readonly at: number };
  /** Its schedule was deleted: the record ends when nothing of it lives. */
  forgotten?: true;
}

interface DelegatedTurn {
  cancel(): void;
  close?(): void;
}

/** Mail that all of them take alike. Whether it answered something; undefined where it is mail of another sort. */
export function takeDelegated(root: DelegatedRoot, turn: DelegatedTurn, { type, body, timer }: Incoming): boolean | undefined {
  const { seq } = (body ?? {}) as unknown as RunNamed;
  switch (type) {
    case 'timer.wake':
      if (root.wake === undefined || timer !== root.wake.id) return false;
      delete root.wake;
      return true;
    case 'run.close':
    case 'run.cancel':
      if (root.current === undefined || seq !== root.current.seq) return false;
      if (type === 'run.cancel') turn.cancel();
      else turn.close?.();
      return true;
    case 'run.forget':
      if (seq < root.lastSeq) return false;
      root.forgotten = true;
      return true;
    default:
      return undefined;
  }
}
