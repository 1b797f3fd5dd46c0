/** For what happens in threads: the virtual clock of a stage goes as fast as the real one. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { IsolatedHandler } from '@troupe/task';
import type { Stage } from './stage.ts';

/** Lets real time pass on the stage until `done`; a test that waits in vain ends by its own limit. */
export async function inRealTime({ clock }: Stage, done: () => boolean): Promise<void> {
  let last = performance.now();
  while (!done()) {
    await sleep(2);
    const now = performance.now();
    await clock.tick(now - last);
    last = now;
  }
}

/** An export of `handlers/isolated.ts`. */
export function isolated(name = 'handler', memoryMb = 128): IsolatedHandler {
  return { isolate: true, module: new URL('../handlers/isolated.ts', import.meta.url), export: name, memoryMb };
}
