import { expect } from 'chai';
import { createWorker, defineTask, handle, handlersByName, type TaskOptions, tasksByName, type WorkerOptions } from '@troupe/task';
import { createMemoryBroker, createSeededRandom } from '@troupe/testing';
import { z } from 'zod';
import { task } from './support/stage.ts';

const good = { name: 'volume.create', idempotent: 'token' } as const;

/** What `make` is refused with. */
function refusal(make: () => unknown): unknown {
  try {
    make();
  } catch (error) {
    return error;
  }
  throw new Error('it was accepted');
}

describe('a contract', () => {
  it('has defaults by class', () => {
    expect(defineTask(good)).to.deep.include({ class: 'regular', pool: 'default', timeLimitMs: 60_000, description: '' });
    expect(defineTask({ ...good, class: 'heavy' }).timeLimitMs).to.equal(1_800_000);
    expect(defineTask({ ...good, class: 'background' }).timeLimitMs).to.equal(60_000);
    expect(defineTask(good).retry.attempts).to.equal(5);
    expect(defineTask({ ...good, idempotent: 'no' }).retry.attempts).to.equal(1);
  });

  it('cannot be changed afterwards', () => {
    expect(Object.isFrozen(defineTask(good))).to.equal(true);
  });

  for (const [field, options] of [
    ['name', { name: '' }],
    ['name', { name: 'x'.repeat(129) }],
    ['idempotent', { idempotent: undefined }],
    ['idempotent', { idempotent: 'maybe' }],
    ['class', { class: 'urgent' }],
    ['pool', { pool: 'a.b' }],
    ['pool', { pool: '' }],
    ['input', { input: { type: 'object' } }],
    ['output', { output: 'string' }],
    ['description', { description: 7 }],
    ['timeLimit', { timeLimit: '0s' }],
    ['timeLimit', { timeLimit: 'soon' }],
    ['timeout', { timeout: '5s' }],
    ['retry.times', { retry: { times: 3 } }],
  ] as const) {
    it(`is refused by the field ${field}: ${JSON.stringify(options)}`, () => {
      expect(refusal(() => defineTask({ ...good, ...options } as unknown as TaskOptions))).to.include({ code: 'invalid_options', field });
    });
  }

  it('takes schemas of any vendor', () => {
    const input = z.object({ size: z.number() });
    expect(defineTask({ ...good, input, output: z.null() }).input).to.equal(input);
  });

  it('of a taken name is refused; the same one twice is one', () => {
    const [one, other] = [defineTask(good), defineTask(good)];
    expect([...tasksByName([one, one]).keys()]).to.deep.equal([good.name]);
    expect(refusal(() => tasksByName([one, other]))).to.include({ code: 'duplicate_name', field: good.name });
  });
});

describe('a handler that is tied to its contract', () => {
  it('is refused for a hook that nobody calls, and for one that is no function', () => {
    const run = (): null => null;
    expect(refusal(() => handle(task(), { run, afterwards: run } as never))).to.include({ code: 'invalid_options' });
    expect(refusal(() => handle(task(), { run, after: 'later' } as never))).to.include({ code: 'invalid_options', field: 'after' });
    expect(refusal(() => handle(task(), {} as never))).to.include({ code: 'invalid_options', field: 'run' });
  });

  it('of a taken name is refused', () => {
    const two = [handle(task(), () => null), handle(task(), () => null)];
    expect(refusal(() => handlersByName(two))).to.include({ code: 'duplicate_name', field: 'work' });
  });
});

describe('a worker', () => {
  function made(overrides: Partial<WorkerOptions>) {
    const broker = createMemoryBroker();
    const ports = broker.process('w');
    const options = { handlers: [], source: ports.taskSource('p'), clock: ports.process.clock, random: createSeededRandom(1), name: 'w' };
    return () => createWorker({ ...options, ...overrides });
  }

  for (const [field, overrides] of [
    ['name', { name: '' }],
    ['graceMs', { graceMs: -1 }],
    ['graceMs', { graceMs: 1.5 }],
    ['crashes', { crashes: 0 }],
    ['handlers', { handlers: [handle(task({ pool: 'q' }), () => null)] }],
    ['slots.total', { slots: { total: 3 } }],
    ['slots.heavy.floor', { slots: { heavy: { floor: 0, ceiling: 4 } } }],
    ['slots.heavy.floor', { slots: { heavy: { floor: 5, ceiling: 4 } } }],
    ['slots.light', { slots: { light: { floor: 1, ceiling: 1 } } as never }],
    ['slots.regular.max', { slots: { regular: { floor: 1, ceiling: 1, max: 2 } as never } }],
  ] as const) {
    it(`is refused by ${field}: ${Object.keys(overrides)[0]}`, () => {
      expect(refusal(made(overrides as never))).to.include({ code: 'invalid_options', field });
    });
  }

  it('that would serve no class is refused', () => {
    const none = { floor: 0, ceiling: 0 };
    expect(refusal(made({ slots: { regular: none, heavy: none, background: none } }))).to.include({ field: 'slots' });
  });
});
