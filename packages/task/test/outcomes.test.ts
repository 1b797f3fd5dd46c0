import { expect } from 'chai';
import { TroupeError, type TaskOutcome } from '@troupe/protocol';
import { Fatal, handle, OUTPUT_LIMIT_BYTES, Retry, type TaskOptions, withPatch } from '@troupe/task';
import { z } from 'zod';
import { createStage, task } from './support/stage.ts';

/** The outcome of one attempt of `run`. */
async function outcomeOf(run: (input: never) => unknown, options: Partial<TaskOptions> = {}, input: unknown = null): Promise<TaskOutcome> {
  await using stage = await createStage({ handlers: [handle(task(options), run as never)] });
  await stage.worker('w');
  stage.send('work', { input: input as never });
  await stage.untilEnded();
  expect(stage.broker.tasks.unacknowledged, 'tasks that are not acknowledged').to.equal(0);
  return stage.outcome();
}

function errorOf(outcome: TaskOutcome) {
  if (!('error' in outcome)) throw new Error(`no error: ${JSON.stringify(outcome)}`);
  return outcome.error;
}

describe('what a handler returns', () => {
  it('is the output, as JSON', async () => {
    const outcome = await outcomeOf(() => ({ id: 7, at: new Date(0), nothing: undefined }));
    expect(outcome).to.deep.equal({ kind: 'succeeded', output: { id: 7, at: '1970-01-01T00:00:00.000Z' } });
  });

  it('is null if it is nothing', async () => {
    expect(await outcomeOf(() => undefined)).to.deep.equal({ kind: 'succeeded', output: null });
  });

  it('may carry a patch, apart from the output', async () => {
    const outcome = await outcomeOf(() => withPatch({ id: 'x' }, { runtimeState: 'available' }));
    expect(outcome).to.deep.equal({ kind: 'succeeded', output: { id: 'x' }, patch: { runtimeState: 'available' } });
  });

  it('is what its schema makes of it', async () => {
    const outcome = await outcomeOf(() => ({ id: 'a', secret: 1 }), { output: z.object({ id: z.string() }) });
    expect(outcome).to.deep.equal({ kind: 'succeeded', output: { id: 'a' } });
  });

  it('fails, if what it throws refuses to be looked at', async () => {
    const no = (): never => {
      throw new Error('no');
    };
    const outcome = await outcomeOf(() => {
      throw new Proxy(new Error('mine'), { get: no, getPrototypeOf: no });
    });
    expect(errorOf(outcome)).to.include({ code: 'handler_error' });
  });

  it('fails for good, naming the field, if its schema refuses it: it would come out again', async () => {
    const outcome = await outcomeOf(() => ({ ids: ['a', 1] }), { output: z.object({ ids: z.array(z.string()) }) });
    expect(outcome.kind).to.equal('failed');
    expect(errorOf(outcome)).to.include({ code: 'invalid_output', field: 'output.ids.1', retryable: false });
  });

  it('fails for good with size and limit if it is too large', async () => {
    const outcome = await outcomeOf(() => 'x'.repeat(5_000_000));
    expect(errorOf(outcome)).to.deep.include({
      code: 'output_too_large',
      field: 'output',
      retryable: false,
      data: { sizeBytes: 5_000_002, limitBytes: OUTPUT_LIMIT_BYTES },
    });
  });

  it('may be as large as the limit, quotes included', async () => {
    expect((await outcomeOf(() => 'x'.repeat(OUTPUT_LIMIT_BYTES - 2))).kind).to.equal('succeeded');
  });

  it('fails for good if its patch is too large', async () => {
    const outcome = await outcomeOf(() => withPatch(null, { set: { text: 'x'.repeat(OUTPUT_LIMIT_BYTES) } } as never));
    expect(errorOf(outcome)).to.include({ code: 'output_too_large', field: 'patch', retryable: false });
  });

  it('becomes text where it cannot be encoded, and the success stays one', async () => {
    const circular: Record<string, unknown> = { n: 1n };
    circular['self'] = circular;
    const outcome = await outcomeOf(() => circular);
    expect(outcome.kind).to.equal('succeeded');
    expect(JSON.stringify(outcome)).to.include('ircular');
  });
});

describe('what a handler throws', () => {
  it('is a failure with code, message and stack, and says nothing of trying again', async () => {
    const outcome = await outcomeOf(() => {
      throw new Error('no route to host');
    });
    expect(outcome.kind).to.equal('failed');
    expect(errorOf(outcome)).to.include({ code: 'handler_error', message: 'no route to host' });
    expect(errorOf(outcome)).to.not.have.property('retryable');
    expect(errorOf(outcome).stack).to.include('outcomes.test');
  });

  it('keeps its own code, data and cause', async () => {
    const outcome = await outcomeOf(() => {
      throw new TroupeError('unavailable', 'quota', { data: { left: 0 }, cause: new Error('inner') });
    });
    expect(errorOf(outcome)).to.deep.include({ code: 'unavailable', data: { left: 0 } });
    expect(errorOf(outcome).cause?.message).to.equal('inner');
  });

  it('asks for a time by Retry', async () => {
    const outcome = await outcomeOf(() => {
      throw new Retry('slow down', { after: '7s', code: 'rate_limited' });
    });
    expect(outcome).to.deep.include({ kind: 'failed', retryAfterMs: 7_000 });
    expect(errorOf(outcome)).to.include({ code: 'rate_limited', retryable: true });
  });

  it('asks for no time by a bare Retry', async () => {
    const outcome = await outcomeOf(() => Promise.reject(new Retry('again')));
    expect(outcome).to.not.have.property('retryAfterMs');
    expect(errorOf(outcome).retryable).to.equal(true);
  });

  it('ends it by Fatal', async () => {
    const outcome = await outcomeOf(() => {
      throw new Fatal('gone', { code: 'resource_gone' });
    });
    expect(outcome.kind).to.equal('failed');
    expect(errorOf(outcome)).to.include({ code: 'resource_gone', retryable: false });
  });

  for (const [what, thrown] of [
    ['a text', 'just text'],
    ['nothing', undefined],
    ['null', null],
    ['a number', 42],
    ['a symbol', Symbol('odd')],
  ] as const) {
    it(`may be ${what}`, async () => {
      const outcome = await outcomeOf(() => {
        throw thrown;
      });
      expect(errorOf(outcome)).to.deep.include({ code: 'handler_error', message: String(thrown) });
    });
  }

  it('may be an error whose getters throw, and its message is kept where it can be read', async () => {
    const hostile = new Error('readable');
    for (const name of ['code', 'stack', 'cause', 'data']) {
      Object.defineProperty(hostile, name, {
        get() {
          throw new Error('a trap');
        },
      });
    }
    expect(errorOf(await outcomeOf(() => Promise.reject(hostile)))).to.deep.equal({ code: 'handler_error', message: 'readable' });
  });

  it('may refuse every access', async () => {
    const hostile = new Proxy(
      {},
      {
        get() {
          throw new Error('a trap');
        },
        has() {
          throw new Error('a trap');
        },
      },
    );
    expect(errorOf(await outcomeOf(() => Promise.reject(hostile as Error)))).to.deep.equal({ code: 'handler_error', message: '{}' });
  });

  it('may look like a Retry without being one', async () => {
    const looksLike = { [Symbol.for('troupe.task.retry')]: true, message: 'odd', afterMs: 'soon' };
    const outcome = await outcomeOf(() => {
      throw looksLike;
    });
    expect(outcome).to.not.have.property('retryAfterMs');
    expect(errorOf(outcome).message).to.equal('odd');
  });

  it('may be too large to be kept whole', async () => {
    const outcome = await outcomeOf(() => {
      throw Object.assign(new Error('x'.repeat(1_000_000)), { data: 'y'.repeat(1_000_000) });
    });
    expect(JSON.stringify(outcome).length).to.be.lessThan(40_000);
  });
});

describe('the input of a task', () => {
  const input = z.object({ size: z.number().int().positive(), unit: z.string().default('GiB') });

  it('comes as its schema makes it', async () => {
    expect(await outcomeOf((given) => given, { input }, { size: 1, more: true })).to.deep.equal({
      kind: 'succeeded',
      output: { size: 1, unit: 'GiB' },
    });
  });

  it('that its schema refuses never reaches the handler', async () => {
    let ran = false;
    const outcome = await outcomeOf(() => (ran = true), { input }, { size: 0 });
    expect(ran).to.equal(false);
    expect(outcome.kind).to.equal('failed');
    expect(errorOf(outcome)).to.include({ code: 'invalid_input', field: 'input.size', retryable: false });
  });

  it('may be validated by a schema that answers later', async () => {
    const later = { '~standard': { version: 1, vendor: 'test', validate: async (value: unknown) => ({ value: [value] }) } } as const;
    expect(await outcomeOf((given) => given, { input: later as never }, 1)).to.deep.equal({ kind: 'succeeded', output: [1] });
  });
});
