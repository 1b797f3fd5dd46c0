/** The program: a process around `run`. */
import { text } from 'node:stream/consumers';
import type { Io } from './io.ts';
import { run } from './program.ts';
import { now } from './system-clock.ts';

const interrupted = new AbortController();
// the second Ctrl-C is the process's own again
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort(new Error(`interrupted by ${signal}`)));
// `troupe operations | head` closes the pipe: no reason for a stack
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

const io: Io = {
  args: process.argv.slice(2),
  env: process.env,
  out: (line) => void process.stdout.write(line),
  err: (line) => void process.stderr.write(line),
  stdin: () => text(process.stdin),
  now,
  signal: interrupted.signal,
};
process.exitCode = await run(io);
