import { expect } from 'chai';
import type { TaskMessage, TaskOutcome } from '@troupe/protocol';
import { handle, type IsolatedHandler, type TaskOptions } from '@troupe/task';
import { z } from 'zod';
import { inRealTime, isolated } from './support/real-time.ts';
import { createStage, type Stage, type StageWorker, task } from './support/stage.ts';

interface Ran {
  readonly outcome: TaskOutcome;
  readonly stage: Stage;
  readonly worker: StageWorker;
}

async function run(name: string, message: Partial<TaskMessage> = {}, options: Partial<TaskOptions> = {}): Promise<Ran> {
  await using stage = await createStage({ handlers: [handle(task(options), isolated(name))] });
  const worker = await stage.worker('w');
  stage.send('work', message, 'regular', { user: 'u' });
  await inRealTime(stage, () => stage.ended.length > 0);
  return { outcome: stage.outcome(), stage, worker };
}

describe('an isolated handler', () => {
  it('runs in another thread of the same process, and its output comes back', async () => {
    const { outcome } = await run('handler', { input: { size: 1 } });
    expect(outcome).to.deep.equal({ kind: 'succeeded', output: { input: { size: 1 }, isMainThread: false, threadId: true } });
  });

  it('is told all that is data about its attempt', async () => {
    const resource = { kind: 'vm', id: 'v1' };
    const { outcome } = await run('context', { id: 'x', input: 7, attempt: 2, attempts: 3, resource, fence: { epoch: 4, lease: 5 } });
    const { deadline, ...output } = (outcome as { output: Record<string, unknown> }).output;
    expect(deadline).to.be.a('number');
    expect(output).to.deep.equal({
      task: 'work',
      input: 7,
      resource,
      attempt: 2,
      attempts: 3,
      fence: { epoch: 4, lease: 5 },
      idempotencyToken: 'idem-x',
      step: 's',
      operation: 'o',
      headers: { user: 'u' },
      aborted: false,
    });
  });

  it('logs and tells its progress through the worker', async () => {
    const { stage, worker } = await run('talking', { id: 'x' });
    expect(worker.of('log')).to.deep.equal([
      { type: 'log', id: 'x', task: 'work', class: 'regular', message: 'half way', fields: { at: '1', deep: { list: [1] } } },
    ]);
    expect(stage.progress).to.deep.include({ step: 's', attempt: 1, token: 'token-x', progress: { done: 0.5 } });
  });

  it('has its hooks, in their order, and may be an instance of a class', async () => {
    const { outcome } = await run('hooks', { input: {} });
    expect(outcome).to.deep.equal({ kind: 'succeeded', output: ['load', 'before', 'run', 'after'], patch: { runtimeState: 'available' } });
  });

  it('gets what its input schema makes, and its output is held to its schema', async () => {
    const input = z.object({ size: z.number().default(8) });
    expect((await run('handler', { input: {} }, { input })).outcome).to.have.nested.property('output.input.size', 8);
    const refused = await run('handler', {}, { output: z.object({ id: z.string() }) });
    expect(refused.outcome).to.have.nested.include({ 'error.code': 'invalid_output', 'error.field': 'output.id' });
  });

  it('may leave timers behind: its thread ends with the attempt', async () => {
    const { outcome } = await run('untidy');
    expect(outcome).to.deep.equal({ kind: 'succeeded', output: 'done' });
  });

  it('returns as JSON what cannot be copied', async () => {
    expect((await run('notCloneable')).outcome).to.deep.equal({ kind: 'succeeded', output: { made: 1 } });
  });

  it('fails for good on an input that cannot be copied to it', async () => {
    const input = z.any().transform(() => ({ by: () => null }));
    expect((await run('handler', {}, { input })).outcome).to.have.nested.include({
      'error.code': 'invalid_input',
      'error.field': 'input',
      'error.retryable': false,
    });
  });
});

describe('what an isolated handler throws', () => {
  it('keeps code, message, stack and cause', async () => {
    const { outcome } = await run('throwing');
    expect(outcome).to.have.nested.include({
      kind: 'failed',
      'error.code': 'odd',
      'error.message': 'broken',
      'error.cause.message': 'inside',
    });
    expect((outcome as { error: { stack: string } }).error.stack).to.include('handlers/isolated');
  });

  it('is still a Retry or a Fatal', async () => {
    expect((await run('throwing', { input: 'retry' })).outcome).to.have.nested.include({
      kind: 'failed',
      retryAfterMs: 7_000,
      'error.code': 'rate_limited',
      'error.retryable': true,
    });
    expect((await run('throwing', { input: 'fatal' })).outcome).to.have.nested.include({
      'error.code': 'resource_gone',
      'error.retryable': false,
      'error.data.id': 7,
    });
  });

  it('may be no error', async () => {
    expect((await run('throwing', { input: 'text' })).outcome).to.have.nested.include({
      'error.code': 'handler_error',
      'error.message': 'just text',
    });
  });

  for (const [fail, kind] of [
    ['before', 'failed'],
    ['run', 'unknown'],
  ] as const) {
    it(`in ${fail} of an effect that must not be repeated is ${kind}: the worker knows how far it came`, async () => {
      expect((await run('hooks', { input: { fail } }, { idempotent: 'no' })).outcome.kind).to.equal(kind);
    });
  }

  it('does not matter where an unknown outcome is looked for: the look runs in the thread as well', async () => {
    const { outcome } = await run('hooks', { input: { found: ['old'] }, reconcile: true }, { idempotent: 'no' });
    expect(outcome).to.deep.equal({ kind: 'succeeded', output: ['old', 'after'] });
    const unknown = await run('hooks', { input: { found: 'unknown' }, reconcile: true }, { idempotent: 'no' });
    expect(unknown.outcome).to.have.nested.include({ kind: 'unknown', 'error.code': 'outcome_unknown' });
    const blind = await run('handler', { reconcile: true }, { idempotent: 'no' });
    expect(blind.outcome).to.have.nested.include({ kind: 'unknown', 'error.code': 'outcome_unknown' });
  });
});

describe('an isolated handler that is not there', () => {
  it('is refused when it is tied to its contract', () => {
    for (const [field, given] of [
      ['module', { module: new URL('./nowhere.js', import.meta.url) }],
      ['module', { module: './isolated.ts' }],
      ['memoryMb', { memoryMb: 4 }],
      ['export', { export: '' }],
      ['isolate', { isolate: 'yes' }],
      ['handler.run', { run: () => null }],
    ] as const) {
      expect(() => handle(task(), { ...isolated(), ...given } as unknown as IsolatedHandler), field)
        .to.throw()
        .that.includes({ code: 'invalid_options', field });
    }
  });

  it('in its module, or is none, fails for good by name', async () => {
    const missing = await run('misspelt');
    expect(missing.outcome).to.have.nested.include({ 'error.code': 'invalid_options', 'error.retryable': false });
    expect(JSON.stringify(missing.outcome)).to.include('exports no misspelt');
    expect((await run('noHandler')).outcome).to.have.nested.include({ 'error.code': 'invalid_options' });
  });
});
