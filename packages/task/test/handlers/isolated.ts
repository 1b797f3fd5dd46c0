/** Handlers that run in threads of their own, for tests. */
import { isMainThread, threadId } from 'node:worker_threads';
import { Fatal, type HandlerFunction, type HandlerObject, Retry, type TaskContext, withPatch } from '@troupe/task';

type Run = HandlerFunction<unknown, unknown>;

const until = ({ signal, log }: TaskContext): Promise<unknown> => {
  log('listens');
  return new Promise((done) => signal.addEventListener('abort', () => done(signal.reason)));
};

export const handler: Run = (input) => ({ input, isMainThread, threadId: threadId > 0 });

/** Everything of its context that is data. */
export const context: Run = (input, { signal, log: _log, progress: _progress, ...data }) => ({ input, ...data, aborted: signal.aborted });

export const talking: Run = (_input, { log, progress }) => {
  log('half way', { at: 1n, deep: { list: [1] } });
  progress({ done: 0.5 });
  return null;
};

export class Hooks implements HandlerObject<{ readonly fail?: string; readonly found?: unknown }, unknown, string[]> {
  load(): string[] {
    return ['load'];
  }
  before(input: { readonly fail?: string }, { loaded }: TaskContext<string[]>): void {
    loaded.push('before');
    if (input.fail === 'before') throw new Error('not yet');
  }
  run(input: { readonly fail?: string }, { loaded }: TaskContext<string[]>): unknown {
    if (input.fail === 'run') throw new Error('half done');
    return withPatch([...loaded, 'run'], { runtimeState: 'available' });
  }
  after(output: unknown): void {
    (output as string[]).push('after');
  }
  async reconcile({ found }: { readonly found?: unknown }): Promise<never> {
    return { found } as never;
  }
}
export const hooks = new Hooks();

export const throwing: Run = (input) => {
  if (input === 'retry') throw new Retry('busy', { after: '7s', code: 'rate_limited' });
  if (input === 'fatal') throw new Fatal('gone', { code: 'resource_gone', data: { id: 7 } });
  if (input === 'text') throw 'just text';
  throw Object.assign(new Error('broken', { cause: new Error('inside') }), { code: 'odd' });
};

export const notCloneable: Run = () => ({ made: 1, by: () => 'nobody' });

export const heeding: Run = async (_input, context) => {
  throw new Error(`stopped by ${String(await until(context))}`);
};

export const succeedingLate: Run = async (_input, context) => `heard ${String(await until(context))}`;

export const deaf: Run = () => new Promise(() => setInterval(() => undefined, 1_000));

export const blocking: Run = (input) => {
  const end = performance.now() + Number(input);
  while (performance.now() < end);
  return 'has computed';
};

export const exiting: Run = () => process.exit(3);

export const exhausting: Run = () => {
  const kept: unknown[] = [];
  for (;;) kept.push(Array.from({ length: 100_000 }, (_, n) => ({ n })));
};

export const throwingOutside: Run = () => {
  setTimeout(() => {
    throw new Error('nobody catches this');
  }, 1);
  return new Promise(() => undefined);
};

/** Leaves behind what would keep a thread alive. */
export const untidy: Run = () => {
  setInterval(() => undefined, 1_000);
  return 'done';
};

export const noHandler = 7;
