/**
 * The leak guard: a test must not leave alive what it started. Servers, proxies and whatever calls `trackLeak` are known by name; client sockets and
 * child processes are seen through Node's diagnostics channels, with the stack of the line that made them.
 *
 * What was made before the test (in a `before` hook) belongs to its suite and is held against the whole run. A socket or process that replaces one
 * which ended during the test, as after a reconnect or a restart, counts as the same one.
 */
import { type ChildProcess } from 'node:child_process';
import { subscribe } from 'node:diagnostics_channel';
import { type Socket } from 'node:net';

export interface Leak {
  readonly what: string;
  /** Where it was made. */
  readonly stack: string;
  /** Ends it, so that one leak is one failure. */
  readonly end: () => unknown;
}

interface Entry extends Leak {
  readonly isAlive: () => boolean;
}

/** What keeps connections or processes for later by design, or is ours. */
const exempt = /undici|node:_http_agent|guard\.mjs|node_modules\/(esbuild|tsx)\//;

const entries = new Set<Entry>();
let watching = false;

/** Starts to look at sockets and child processes; may be called twice. */
export function watchLeaks(): void {
  if (watching) return;
  watching = true;
  subscribe('net.client.socket', (message) => {
    const { socket } = message as { socket: Socket };
    add({ what: 'client socket', stack: stackHere(), isAlive: () => !socket.destroyed, end: () => socket.destroy() });
  });
  subscribe('child_process', (message) => {
    const child = (message as { process: ChildProcess }).process;
    const isAlive = () => child.pid !== undefined && child.exitCode === null && child.signalCode === null;
    add({ what: 'child process', stack: stackHere(), isAlive, end: () => child.kill('SIGKILL') });
  });
}

/**
 * Names something that a test must end.
 * @returns call it when the thing has ended
 */
export function trackLeak(what: string, end: () => unknown): () => void {
  const entry: Entry = { what, stack: stackHere(), isAlive: () => entries.has(entry), end };
  add(entry);
  return () => void entries.delete(entry);
}

function add(entry: Entry): void {
  if (!exempt.test(entry.stack)) entries.add(entry);
}

function stackHere(): string {
  const frames = (new Error().stack ?? '').split('\n').slice(2);
  return frames.filter((frame) => !/node:(diagnostics_channel|internal\/process)|\/leaks\.ts/.test(frame)).join('\n');
}

/** Everything alive now, to be compared after the test. */
export function snapshot(): ReadonlySet<Entry> {
  for (const entry of entries) if (!entry.isAlive()) entries.delete(entry);
  return new Set(entries);
}

/** What is alive now, was not then, and replaces nothing. */
export function leaksSince(before: ReadonlySet<Entry>): Leak[] {
  const replaced = new Map<string, number>();
  for (const entry of before) if (!entry.isAlive()) replaced.set(entry.what, (replaced.get(entry.what) ?? 0) + 1);
  return [...snapshot()].filter((entry) => {
    if (before.has(entry)) return false;
    const left = replaced.get(entry.what) ?? 0;
    if (left > 0) replaced.set(entry.what, left - 1);
    return left === 0;
  });
}
