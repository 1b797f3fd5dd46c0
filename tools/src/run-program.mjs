// Runs a program of this repository in the foreground: its signals are ours, its exit code too.
import { spawn } from 'node:child_process';
import { guardProcess } from '../nats-server/src/index.mjs';

/** @param {string} file */
export function runProgram(file) {
  const child = spawn(process.execPath, ['--enable-source-maps', file, ...process.argv.slice(2)], { stdio: 'inherit' });
  const forget = guardProcess(child.pid);
  // a terminal sends Ctrl-C to both of us; passed on, it would reach the child twice, and the second one means "at once"
  process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'));
  for (const signal of /** @type {const} */ (['SIGTERM', 'SIGHUP'])) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => {
    forget();
    process.exitCode = code ?? (signal === 'SIGINT' ? 130 : 1);
  });
}
