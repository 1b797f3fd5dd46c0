import { Declined, Fatal, handle, type Handler, levelOf, type WorkerEvent } from '@troupe/task';
import { expect } from 'chai';
import { inRealTime, isolated } from './support/real-time.ts';
import { createStage, type Stage, type StageOptions, task } from './support/stage.ts';

const RESOURCE = { kind: 'volume', id: 'v1' };

type Span = Extract<WorkerEvent, { type: 'span' }>;

/** A task that takes so long, in the time of its stage; stops at its signal unless it is deaf. */
function takes(stage: () => Stage, ms: number, isDeaf = false) {
  return (_input: unknown, { signal }: { readonly signal: AbortSignal }): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const cancel = stage().clock.setTimer(ms, () => resolve('done'));
      signal.addEventListener('abort', () => {
        if (isDeaf) return;
        cancel();
        reject(new Error('stopped'));
      });
    });
}

async function spans(
  handlerOf: (stage: () => Stage) => Handler,
  options: Partial<StageOptions> = {},
  stops = false,
): Promise<readonly Span[]> {
  let stage: Stage | undefined;
  stage = await createStage({ handlers: [handlerOf(() => stage!)], graceMs: 500, ...options });
  await using _stage = stage;
  const worker = await stage.worker('w1');
  stage.send('work', { step: 's', resource: RESOURCE }, 'regular', { correlation: 'c-1', traceparent: 'tp' });
  if (stops) {
    await stage.clock.runUntil(() => worker.types().includes('taskStarted'));
    await worker.stop();
  } else await stage.untilEnded();
  return worker.of('span');
}

const thrower = (error: Error) => (): Handler =>
  handle(task(), () => {
    throw error;
  });

describe('S24 the span of an attempt', () => {
  it('tells start, end, outcome, operation, step and resource, and for whom it ran', async () => {
    const [span, ...more] = await spans((stage) => handle(task(), takes(stage, 700)));
    expect(more).to.deep.equal([]);
    const { startedAt, endedAt, orderedAt, id, ...rest } = span!;
    expect(endedAt - startedAt).to.equal(700);
    expect(orderedAt).to.be.at.most(startedAt);
    expect(id).to.be.a('string');
    expect(rest).to.deep.equal({
      ...{ type: 'span', task: 'work', class: 'regular', attempt: 1, operation: 'o', step: 's', resource: RESOURCE, worker: 'w1' },
      ...{ outcome: 'succeeded', error: undefined, reconcile: false, context: { correlation: 'c-1', traceparent: 'tp' } },
    });
  });

  for (const [name, code, handlerOf, options] of [
    ['an error', 'handler_error', thrower(new Error('no')), {}],
    ['a fatal error', 'quota', thrower(new Fatal('no', { code: 'quota' })), {}],
    ['a resource that it is not for', 'declined', thrower(new Declined('not here')), {}],
    ['its time limit', 'step_timeout', (stage: () => Stage) => handle(task({ timeLimit: '1s' }), takes(stage, 60_000)), {}],
  ] as const) {
    it(`is there for a failure as well: ${name}`, async () => {
      const [span, ...more] = await spans(handlerOf, options);
      expect(more).to.deep.equal([]);
      expect(span).to.deep.include({ outcome: 'failed', operation: 'o', step: 's' });
      expect(span?.error?.code).to.equal(code);
    });
  }

  for (const [outcome, isDeaf] of [
    ['handedBack', false],
    ['abandoned', true],
  ] as const) {
    it(`is there for an attempt that a drain has ended: ${outcome}`, async () => {
      const [span, ...more] = await spans((stage) => handle(task(), takes(stage, 60_000, isDeaf)), {}, true);
      expect(more).to.deep.equal([]);
      expect(span).to.include({ outcome, error: undefined });
    });
  }

  it('is there for an attempt whose thread has died, once for each start', async () => {
    await using stage = await createStage({ handlers: [handle(task(), isolated('exiting'))], crashes: 1 });
    const worker = await stage.worker('w1');
    stage.send('work');
    await inRealTime(stage, () => stage.ended.length > 0);
    const all = worker.of('span');
    expect(all.slice(0, -1).map(({ outcome }) => outcome)).to.deep.equal(worker.of('taskStarted').map(() => 'crashed'));
    // given up without a further start: that is told as well
    expect(all.at(-1)).to.include({ outcome: 'failed' });
    expect(all.at(-1)!.endedAt).to.equal(all.at(-1)!.startedAt);
    expect(all.at(-1)!.error?.code).to.equal('worker_lost');
  }).timeout(20_000);

  it('is quiet in logs', async () => {
    const [span] = await spans(thrower(new Error('no')));
    expect(levelOf(span!)).to.equal('debug');
  });
});
