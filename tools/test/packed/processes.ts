/** Programs of installed packages as processes: what they print, and how they end. */
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { guardProcess, until } from '@troupe/test-infra';

export interface Running {
  readonly pid: number;
  output(): string;
  /** Waits until it has printed that. Fails when it ends before, with all it has said. */
  says(pattern: RegExp): Promise<RegExpExecArray>;
  /** Its exit code, however it ends. */
  readonly ended: Promise<number | null>;
  /** SIGTERM, and SIGKILL to its group if it has not ended after a while; resolves with its exit code. */
  stop(): Promise<number | null>;
}

const STOP_MS = 15_000;

export type Env = Readonly<Record<string, string>>;

/** `program` is a name in `node_modules/.bin` of the folder, or a script in the folder. */
export function startProgram(folder: string, program: string, args: readonly string[], env: Env): Running {
  // only what is said here: the options and variables of the test are not those of an installation
  const path = `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`;
  const [command, ...first] = /\.m?js$/.test(program) ? [process.execPath, program] : [join(folder, 'node_modules', '.bin', program)];
  const child = spawn(command!, [...first, ...args], {
    cwd: folder,
    env: { PATH: path, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const forget = guardProcess(child.pid);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8');
    stream.on('data', (text: string) => (output += text));
  }
  let hasEnded = false;
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      hasEnded = true;
      forget();
      resolve(code);
    });
  });
  ended.catch(() => undefined);
  return {
    pid: child.pid!,
    output: () => output,
    ended,
    says: (pattern) =>
      until(
        `${program} says ${pattern}`,
        () => {
          const found = pattern.exec(output);
          if (found === null && hasEnded) throw new Error(`${program} has ended:\n${output}`);
          return found;
        },
        60_000,
      ),
    async stop() {
      if (!hasEnded) process.kill(child.pid!, 'SIGTERM');
      const timer = setTimeout(() => process.kill(-child.pid!, 'SIGKILL'), STOP_MS);
      try {
        return await ended;
      } finally {
        clearTimeout(timer);
      }
    },
  };
}

/** Runs it to its end; fails with all it has said unless it exits with 0. */
export async function runProgram(folder: string, program: string, args: readonly string[], env: Env): Promise<string> {
  const running = startProgram(folder, program, args, env);
  const code = await running.ended;
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}:\n${running.output()}`);
  return running.output();
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
