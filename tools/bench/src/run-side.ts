/** Runs one side once: a fresh nats-server with file storage, a fresh process; both end with it. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { guardProcess, startNatsServer } from '@troupe/nats-server';
import type { Result, SideContext, SideRef } from './scenario.ts';

export interface RunSideOptions {
  readonly isQuick: boolean;
  /** Folder for profiles of the processes; none are written without. */
  readonly profileDir: string | undefined;
  readonly limitMs: number;
}

const program = fileURLToPath(new URL('side-main.js', import.meta.url));
/** `npm start` writes what it is; only the end of what a side says is kept for the error. */
const KEPT_CHARS = 2_000;

export async function runSide(side: SideRef, options: RunSideOptions): Promise<Result> {
  const server = await startNatsServer();
  try {
    const { url, monitorUrl, pid } = server;
    const context: SideContext = { server: { url, monitorUrl, pid }, isQuick: options.isQuick, input: side.input ?? {} };
    return await inProcess(side, context, options);
  } finally {
    await server.stop();
  }
}

function inProcess(side: SideRef, context: SideContext, { profileDir, limitMs }: RunSideOptions): Promise<Result> {
  const profile = profileDir === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileDir}`];
  const child = fork(program, [JSON.stringify({ side, context })], {
    execArgv: ['--expose-gc', ...profile],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const forget = guardProcess(child.pid);
  let said = '';
  for (const stream of [child.stdout!, child.stderr!]) {
    stream.setEncoding('utf8').on('data', (text: string) => void (said = (said + text).slice(-KEPT_CHARS)));
  }
  return new Promise<Result>((resolve, reject) => {
    let result: Result | undefined;
    const timer = setTimeout(() => child.kill('SIGKILL'), limitMs);
    child.once('message', (message) => void (result = message as Result));
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      clearTimeout(timer);
      forget();
      if (result !== undefined) resolve(result);
      else reject(new Error(`${side.label} ended with ${signal ?? code} and no result\n${said}`));
    });
  });
}
