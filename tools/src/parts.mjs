// Runs one part of a larger run: with a time limit for it and all its children, its output shown or held back.
import { spawn } from 'node:child_process';
import { guardProcess } from '../nats-server/src/index.mjs';

/**
 * @typedef {object} PartOptions
 * @property {string} cwd
 * @property {NodeJS.ProcessEnv} [env]
 * @property {number} [limitMs] then the part and all it started are killed; default: none
 * @property {boolean} [isHeld] the output is not shown while it runs; default: false
 */

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @param {PartOptions} options
 * @returns {Promise<{ code: number, seconds: number, output: string, isLate: boolean }>}
 */
export function runPart(command, args, { cwd, env = process.env, limitMs, isHeld = false }) {
  const start = performance.now();
  return new Promise((resolve) => {
    // a group of its own can be killed as a whole; the guard does so when we are killed
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    const forget = guardProcess(child.pid);
    let output = '';
    let isLate = false;
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8');
      stream.on('data', (text) => {
        output += text;
        if (!isHeld) process.stdout.write(text);
      });
    }
    const killGroup = () => {
      try {
        if (child.pid) process.kill(-child.pid, 'SIGKILL');
      } catch {
        // gone already
      }
    };
    const timer =
      limitMs &&
      setTimeout(() => {
        isLate = true;
        killGroup();
      }, limitMs);
    const onSignal = () => {
      killGroup();
      process.exit(130);
    };
    process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
    let hasEnded = false;
    const end = (/** @type {number} */ code) => {
      if (hasEnded) return;
      hasEnded = true;
      clearTimeout(timer || undefined);
      forget();
      process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
      // a child of the part that holds on to the output would be waited for for ever otherwise
      child.stdout.destroy();
      child.stderr.destroy();
      resolve({ code, seconds: Math.round((performance.now() - start) / 1000), output, isLate });
    };
    child.once('error', () => end(127));
    child.once('close', (code) => end(code ?? 1));
    child.once('exit', (code) => setTimeout(() => end(code ?? 1), 2_000).unref());
  });
}
