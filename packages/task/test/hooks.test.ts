import { expect } from 'chai';
import { Fatal, handle, type HandlerObject, type TaskContext } from '@troupe/task';
import { createStage, task } from './support/stage.ts';

type Hooks = Partial<HandlerObject<unknown, unknown, unknown>>;

/** A handler of which every hook tells that it ran, and what it was given. */
function recorded(overrides: Hooks = {}) {
  const calls: unknown[][] = [];
  const handler: HandlerObject<unknown, unknown, unknown> = {
    load: (context) => (calls.push(['load', context.loaded]), 'the loaded'),
    before: (input, context) => void calls.push(['before', input, context.loaded]),
    run: (input, context) => (calls.push(['run', input, context.loaded]), { of: 'run' }),
    after: (output, context) => void calls.push(['after', output, context.loaded]),
    ...overrides,
  };
  return { calls, handler, names: () => calls.map(([name]) => name) };
}

async function ran(handler: HandlerObject<unknown, unknown, unknown>, input: unknown = 'in') {
  await using stage = await createStage({ handlers: [handle(task(), handler as never)] });
  const { events } = await stage.worker('w');
  stage.send('work', { input: input as never });
  await stage.untilEnded();
  return { outcome: stage.outcome(), events };
}

describe('the hooks of a handler', () => {
  it('run in order, each with what was loaded', async () => {
    const { calls, handler } = recorded();
    expect((await ran(handler)).outcome).to.deep.equal({ kind: 'succeeded', output: { of: 'run' } });
    expect(calls).to.deep.equal([
      ['load', undefined],
      ['before', 'in', 'the loaded'],
      ['run', 'in', 'the loaded'],
      ['after', { of: 'run' }, 'the loaded'],
    ]);
  });

  for (const [hook, left] of [
    ['load', []],
    ['before', ['load']],
    ['run', ['load', 'before']],
  ] as const) {
    it(`after ${hook} are skipped when it throws`, async () => {
      const { handler, names } = recorded({
        [hook]: () => {
          throw new Error(`${hook} broke`);
        },
      });
      const { outcome } = await ran(handler);
      expect(outcome.kind).to.equal('failed');
      expect(JSON.stringify(outcome)).to.include(`${hook} broke`);
      expect(names()).to.deep.equal(left);
    });
  }

  it('can end it where the resource is gone', async () => {
    const { handler } = recorded({
      load: () => {
        throw new Fatal('probably deleted', { code: 'resource_gone' });
      },
    });
    expect((await ran(handler)).outcome).to.have.nested.include({ 'error.code': 'resource_gone', 'error.retryable': false });
  });

  it('describe it for logs, and what a description throws breaks nothing', async () => {
    const told = await ran(recorded({ describe: (input) => `makes ${String(input)}` }).handler, 'a volume');
    expect(told.events.find(({ type }) => type === 'taskStarted')).to.include({ text: 'makes a volume' });
    const broken = await ran(
      recorded({
        describe: () => {
          throw new Error('no text');
        },
      }).handler,
    );
    expect(broken.events.find(({ type }) => type === 'taskStarted')).to.include({ text: 'work' });
    expect(broken.outcome.kind).to.equal('succeeded');
  });
});

describe('a handler', () => {
  class Resize implements HandlerObject<unknown, unknown> {
    private readonly cloud = { name: 'cloud-1' };
    run(input: unknown): unknown {
      return { input, cloud: this.cloud.name };
    }
  }

  for (const [form, handler] of [
    ['a function', (input: unknown) => ({ input, cloud: 'cloud-1' })],
    ['an object', { run: (input: unknown) => ({ input, cloud: 'cloud-1' }) }],
    ['an instance of a class', new Resize()],
  ] as const) {
    it(`may be ${form}, with equal rights`, async () => {
      await using stage = await createStage({ handlers: [handle(task(), handler as never)] });
      await stage.worker('w');
      stage.send('work', { input: 7 });
      await stage.untilEnded();
      expect(stage.outcome()).to.deep.equal({ kind: 'succeeded', output: { input: 7, cloud: 'cloud-1' } });
    });
  }

  it('is told about its attempt, and nothing of the wire that is not its business', async () => {
    let told: TaskContext | undefined;
    await using stage = await createStage({
      handlers: [handle(task(), (_input, context) => ((told = context), context.progress({ done: 1 }), context.log('made', { n: 1 })))],
    });
    const worker = await stage.worker('w');
    const resource = { kind: 'vm', id: 'v1' };
    const now = stage.clock.now();
    stage.send('work', { attempt: 2, attempts: 3, resource, fence: { epoch: 4, lease: 5 }, timeLimitMs: 1_000, id: 'x' }, 'regular', {
      user: 'u',
    });
    await stage.untilEnded();
    const { log: _log, progress: _progress, signal, ...rest } = told!;
    expect(signal.aborted).to.equal(false);
    expect({ ...rest, headers: { ...rest.headers } }).to.deep.equal({
      task: 'work',
      resource,
      loaded: undefined,
      attempt: 2,
      attempts: 3,
      deadline: now + 1_000,
      fence: { epoch: 4, lease: 5 },
      idempotencyToken: 'idem-x',
      step: 's',
      operation: 'o',
      headers: { user: 'u' },
    });
    expect(worker.of('log')).to.deep.equal([{ type: 'log', id: 'x', task: 'work', class: 'regular', message: 'made', fields: { n: 1 } }]);
    expect(stage.progress).to.deep.equal([{ step: 's', attempt: 2, token: 'token-x', progress: { done: 1 } }]);
  });

  it('shares nothing with its concurrent runs: each sees its own input and context', async () => {
    const seen: string[] = [];
    await using stage = await createStage({
      handlers: [
        handle(task(), async (input, context) => {
          const before = JSON.stringify([input, context.idempotencyToken]);
          // others start and go on meanwhile
          await stage.clock.settle();
          context.progress(input as never);
          const after = JSON.stringify([input, context.idempotencyToken]);
          seen.push(before === after ? before : `${before} became ${after}`);
          return input;
        }),
      ],
    });
    await stage.worker('w');
    for (let n = 0; n < 20; n++) stage.send('work', { id: `n${n}`, input: { n } });
    await stage.untilEnded(20);
    expect(seen.toSorted()).to.deep.equal(Array.from({ length: 20 }, (_, n) => JSON.stringify([{ n }, `idem-n${n}`])).toSorted());
    for (const { body } of stage.ended) {
      expect(body.outcome).to.deep.equal({ kind: 'succeeded', output: { n: Number(body.token.slice('token-n'.length)) } });
    }
  });
});
