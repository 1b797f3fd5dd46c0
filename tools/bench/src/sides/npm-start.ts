/** `npm start` on a warm clone, until it shows an operation under way. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { guardProcess } from '@troupe/nats-server';
import type { Side } from '../scenario.ts';

const root = fileURLToPath(new URL('../../../../', import.meta.url));

export const npmStart: Side = async () => {
  const start = performance.now();
  const child = spawn('npm', ['start'], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'], detached: true });
  // negative: with its whole group, for npm hands no kill -9 on
  const forget = guardProcess(-child.pid!);
  const gone = once(child, 'exit');
  let seconds = Number.NaN;
  let text = '';
  child.stdout.setEncoding('utf8');
  for await (const part of child.stdout) {
    text += part as string;
    if (!/ running /.test(text)) continue;
    seconds = (performance.now() - start) / 1_000;
    break;
  }
  // the whole group: npm, its shell, and the program, which takes its server along
  process.kill(-child.pid!, 'SIGTERM');
  await gone;
  forget();
  return { values: { seconds } };
};
