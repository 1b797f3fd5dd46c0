/** A process that is to be killed or frozen, as its test sees it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { bundleOf, until } from '@troupe/test-infra';
import type { Spec } from './start-role.ts';

/** What a process says of itself, a line each. */
type Word = 'arrived' | 'ready' | 'thawed' | 'stopped';

/** What it has said may be still on its way. */
const LATE_MS = 1_000;
const STOP_LIMIT_MS = 15_000;

export interface Victim {
  /** The signal that ended it. */
  readonly exited: Promise<NodeJS.Signals | null>;
  /** Resolves when it has said the word; rejects when it ends without, or has not soon after `before` has resolved. */
  said(word: Word, before?: Promise<unknown>): Promise<void>;
  /** Resolves when every thread stands still. */
  stoodStill(): Promise<void>;
  /** Monotonic milliseconds. */
  readonly stoodStillSince: number | undefined;
  /** Resolves when it goes on. */
  thaw(): Promise<void>;
  /** Kills it, if nobody has; one that was thawed stops its role, and waits for the next case. Rejects when it cannot stop. */
  end(): Promise<void>;
}

interface Process {
  readonly child: ChildProcess;
  readonly exited: Promise<NodeJS.Signals | null>;
  hear: (word: Word) => void;
}

/** Processes that were thawed, and have stopped what they served. Starting one costs more than all the rest of a case. */
const idle: Process[] = [];
/** All that live: a case that was given up leaves its own behind. */
const alive = new Set<Process>();

function startProcess(): Process {
  const child = spawn(process.execPath, [bundleOf(new URL('role.ts', import.meta.url))], { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(child, 'exit').then(([, signal]) => signal as NodeJS.Signals | null);
  const started: Process = { child, exited, hear: () => undefined };
  alive.add(started);
  void exited.then(() => alive.delete(started));
  createInterface({ input: child.stdout }).on('line', (word) => started.hear(word as Word));
  // written to after its death
  child.stdin.on('error', () => undefined);
  return started;
}

/** Ends the processes that wait for a next case, and what a case that was given up has left. */
export async function endAll(): Promise<void> {
  idle.length = 0;
  for (const { child, exited } of [...alive]) {
    child.kill('SIGKILL');
    await exited;
  }
}

export function startVictim(spec: Spec): Victim {
  const own = idle.pop() ?? startProcess();
  const { child, exited } = own;
  const awaited = new Map<Word, () => void>();
  const heard = new Set<Word>();
  own.hear = (word) => {
    heard.add(word);
    awaited.get(word)?.();
  };
  child.stdin!.write(`${JSON.stringify(spec)}\n`);
  let stoodStillSince: number | undefined;

  const said = async (word: Word, before?: Promise<unknown>): Promise<void> => {
    const lateAfter = async (end: Promise<unknown>, why: string): Promise<void> => {
      await end;
      await sleep(LATE_MS);
      if (!heard.has(word)) throw new Error(`the process was never ${word}: ${why}`);
    };
    const spoken = heard.has(word) ? Promise.resolve() : new Promise<void>((resolve) => awaited.set(word, resolve));
    await Promise.race([
      spoken,
      lateAfter(exited, 'it is gone'),
      ...(before === undefined ? [] : [lateAfter(before, 'what should have brought it there is over')]),
    ]);
  };

  return {
    exited,
    said,
    async stoodStill() {
      await until('the process stands still', () => standsStill(child));
      stoodStillSince = performance.now();
    },
    get stoodStillSince() {
      return stoodStillSince;
    },
    async thaw() {
      child.kill('SIGCONT');
      await said('thawed');
    },
    async end() {
      if (!heard.has('thawed')) {
        child.kill('SIGKILL');
        await exited;
        return;
      }
      child.stdin!.write('stop\n');
      try {
        await until('the thawed process has stopped its role', () => heard.has('stopped'), STOP_LIMIT_MS);
        idle.push(own);
      } catch (error) {
        child.kill('SIGKILL');
        await exited;
        throw error;
      }
    },
  };
}

function standsStill({ pid }: ChildProcess): boolean {
  const tasks = `/proc/${pid}/task`;
  // other systems show no threads; there its last word must do
  if (!existsSync(tasks)) return true;
  return readdirSync(tasks).every((thread) => /^[TZ]/.test(readFileSync(`${tasks}/${thread}/stat`, 'utf8').replace(/^.*\) /s, '')));
}
