import { createEntityHost, systemRandom } from '@troupe/actor';
import type { Json, TaskMessage, TaskOutcome } from '@troupe/protocol';
import { Fatal, handle, type HandlerFunction, loneTaskBehaviour, Retry, type TaskOptions, taskMessage } from '@troupe/task';
import { expect } from 'chai';
import { z } from 'zod';
import { createStage, gate, type Stage, task } from './support/stage.ts';

/** A worker, and the supervisor that keeps the entities of lone tasks. Results are read as whoever sent the task reads them. */
async function setup(run: HandlerFunction<unknown, unknown>, options: Partial<TaskOptions> = {}) {
  const contract = task({ retry: { attempts: 3, jitter: 0 }, ...options });
  const calls: { readonly attempt: number; readonly at: number; readonly token: string }[] = [];
  const counted: HandlerFunction<unknown, unknown> = (input, context) => {
    calls.push({ attempt: context.attempt, at: stage.clock.now(), token: context.idempotencyToken });
    return run(input, context);
  };
  const stage: Stage = await createStage({
    handlers: [handle(contract, { run: counted as never, reconcile: async () => ({ found: false }) })],
  });
  const ports = stage.broker.process('supervisor');
  const { clock } = ports.process;
  const { dedupWindowMs, ackWaitMs, random } = stage.broker;
  const behaviours = [loneTaskBehaviour({ tasks: new Map([[contract.name, contract]]) })];
  const host = createEntityHost({ ...ports, behaviours, clock, random, dedupWindowMs, ackWaitMs });
  ports.serve(['task'], (delivery) => host.deliver(delivery));
  const worker = await stage.worker('w');
  const { results } = stage.broker;
  const send = async (input: Json = null, more: Partial<TaskMessage> = {}): Promise<void> => {
    const {
      class: cls,
      pool,
      message,
    } = await taskMessage(contract, input as never, { id: 'lone', token: 'first', now: stage.clock.now() });
    stage.broker.tasks.push('task.lone', cls, pool, { ...message, ...more }, { user: 'u' });
  };
  const ended = async (): Promise<TaskOutcome> => {
    await stage.clock.runUntil(() => results.has('lone'));
    return results.get('lone')!.outcome;
  };
  const root = () => stage.broker.records.root({ kind: 'task', key: 'lone' })?.s as { phase?: string } | undefined;
  return { stage, contract, calls, worker, send, ended, root, results, [Symbol.asyncDispose]: () => stage[Symbol.asyncDispose]() };
}

/** Fails so many times, then succeeds. */
function failing(times: number, error: () => unknown = () => new Error('not yet')): HandlerFunction<unknown, unknown> {
  let left = times;
  return () => {
    if (left-- > 0) throw error();
    return 'made';
  };
}

describe('a lone task that succeeds at once', () => {
  it('has its result stored, and never becomes an entity', async () => {
    await using s = await setup(() => 'made');
    await s.send();
    expect(await s.ended()).to.deep.equal({ kind: 'succeeded', output: 'made' });
    expect(s.results.get('lone')).to.include({ v: 1, id: 'lone', task: 'work', attempt: 1 });
    expect(s.root()).to.equal(undefined);
    expect(s.stage.broker.tasks.unacknowledged).to.equal(0);
  });

  it('is not run again when it comes a second time: its result is there', async () => {
    await using s = await setup(() => 'made');
    await s.send();
    await s.ended();
    await s.send(null, { orderedAt: 0 });
    await s.stage.clock.tick(150_000);
    s.stage.broker.tasks.push('another id', 'regular', 'p', { ...s.stage.broker.tasks.sent[0]!.message, orderedAt: 0 }, {});
    await s.stage.clock.tick(1_000);
    expect(s.calls).to.have.length(1);
    expect(s.worker.of('taskNotWanted')).to.not.have.length(0);
  });
});

describe('a lone task that fails', () => {
  it('gets an entity, which sends it again after its pauses: no worker holds anything meanwhile', async () => {
    await using s = await setup(failing(2));
    await s.send();
    await s.stage.clock.tick(500);
    expect(s.root()).to.include({ phase: 'pausing' });
    expect(s.stage.broker.tasks.unacknowledged).to.equal(0);
    expect(await s.ended()).to.deep.equal({ kind: 'succeeded', output: 'made' });
    expect(s.calls.map(({ attempt }) => attempt)).to.deep.equal([1, 2, 3]);
    expect(s.calls[1]!.at - s.calls[0]!.at).to.be.within(1_000, 1_100);
    expect(s.calls[2]!.at - s.calls[1]!.at).to.be.within(2_000, 2_100);
    // a backend that knows client tokens sees one act
    expect(new Set(s.calls.map(({ token }) => token))).to.deep.equal(new Set(['lone']));
    expect(s.results.get('lone')!.attempt).to.equal(3);
  });

  it('keeps its class, pool, input and context through its attempts', async () => {
    await using s = await setup(failing(1), { class: 'heavy' });
    await s.send({ size: 1 });
    await s.ended();
    const [first, second] = s.stage.broker.tasks.sent;
    expect([second!.class, second!.pool, second!.message.input, second!.context]).to.deep.equal([
      'heavy',
      'p',
      { size: 1 },
      first!.context,
    ]);
    expect(second!.message).to.include({ id: 'lone:2', attempt: 2 });
    expect(second!.message.token).to.not.equal(first!.message.token);
  });

  it('ends with its last error when the attempts are used up, and lies in the dead letters to be sent again', async () => {
    await using s = await setup(failing(99));
    await s.send();
    expect(await s.ended()).to.have.nested.include({ kind: 'failed', 'error.message': 'not yet' });
    expect(s.calls).to.have.length(3);
    const [letter, ...more] = s.stage.broker.dead;
    expect(more).to.deep.equal([]);
    expect(letter).to.include({ reason: 'handler_error' });
    expect(JSON.parse(letter!.body)).to.include({ id: 'lone', task: 'work', attempt: 1 });
  });

  it('ends at once by Fatal', async () => {
    await using s = await setup(failing(99, () => new Fatal('never', { code: 'refused' })));
    await s.send();
    expect(await s.ended()).to.have.nested.include({ 'error.code': 'refused' });
    expect(s.calls).to.have.length(1);
  });

  it('comes back when the handler asked', async () => {
    await using s = await setup(failing(1, () => new Retry('later', { after: '90s' })));
    await s.send();
    await s.ended();
    expect(s.calls[1]!.at - s.calls[0]!.at).to.be.within(90_000, 90_100);
  });

  it('is not tried past its deadline', async () => {
    await using s = await setup(failing(99), { retry: { attempts: 9, delays: ['10s'], jitter: 0 } });
    await s.send(null, { deadline: s.stage.clock.now() + 25_000 });
    expect(await s.ended()).to.have.nested.include({ 'error.code': 'deadline_exceeded', 'error.cause.message': 'not yet' });
    expect(s.calls).to.have.length(3);
  });

  it('in an effect that must not be repeated is looked for before it runs again', async () => {
    await using s = await setup(failing(1), { idempotent: 'no', retry: { jitter: 0 } });
    await s.send();
    expect(await s.ended()).to.deep.equal({ kind: 'succeeded', output: 'made' });
    expect(s.worker.of('taskStarted').map(({ reconcile }) => reconcile)).to.deep.equal([false, true]);
  });

  it('keeps its course when its outcome comes twice, late or with a token of another attempt', async () => {
    const second = gate();
    await using s = await setup(async (_input, { attempt }) => {
      if (attempt === 2) await second.promise;
      if (attempt < 3) throw new Error('not yet');
      return 'made';
    });
    await s.send();
    await s.stage.clock.runUntil(() => s.calls.length === 2);
    const outcome = { kind: 'succeeded', output: 'forged' };
    const says = (token: string): void => {
      const body = { attempt: 2, token, outcome, worker: 'x', startedAt: 0, endedAt: 0 } as const;
      s.stage.broker.post({ kind: 'task', key: 'lone' }, { type: 'task.ended', body: body as never, sender: 'task-p' });
    };
    const { token } = s.stage.broker.tasks.sent[1]!.message;
    says('first');
    says(systemRandom.token());
    await s.stage.clock.tick(100);
    second.open();
    await s.stage.clock.tick(100);
    // the attempt of this token has ended already
    says(token);
    expect(await s.ended()).to.deep.equal({ kind: 'succeeded', output: 'made' });
    expect(s.calls).to.have.length(3);
  });
});

describe('a lone task that is cancelled', () => {
  it('while it waits for its next attempt is not run again', async () => {
    await using s = await setup(failing(99));
    await s.send();
    await s.stage.clock.tick(500);
    s.stage.broker.post({ kind: 'task', key: 'lone' }, { type: 'verb.cancel', body: null, sender: 'verb' });
    expect(await s.ended()).to.deep.equal({ kind: 'cancelled' });
    await s.stage.clock.tick(60_000);
    expect(s.calls).to.have.length(1);
  });

  it('while an attempt runs is signalled', async () => {
    await using s = await setup((_input, { attempt, signal }) => {
      if (attempt === 1) throw new Error('first');
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error(String(signal.reason)))));
    });
    await s.send();
    await s.stage.clock.runUntil(() => s.calls.length === 2);
    s.stage.broker.post({ kind: 'task', key: 'lone' }, { type: 'verb.cancel', body: null, sender: 'verb' });
    expect(await s.ended()).to.deep.equal({ kind: 'cancelled' });
    await s.stage.clock.tick(5_000);
    expect(s.worker.worker.running).to.equal(0);
  });
});

describe('mail to the entity of a lone task', () => {
  it('is refused from a worker that hands over messages of another pool, and from an entity', async () => {
    const { mayReceive } = loneTaskBehaviour();
    const message = {
      v: 1,
      id: 'x',
      task: 'work',
      input: 1,
      attempt: 1,
      attempts: 1,
      token: 't',
      idempotencyToken: 'i',
      timeLimitMs: 1,
      orderedAt: 0,
    };
    const body = (subject: string) => ({
      attempt: 1,
      token: 't',
      outcome: { kind: 'failed', error: { code: 'x', message: 'x' } },
      worker: 'w',
      startedAt: 0,
      endedAt: 0,
      message: { subject, body: message },
    });
    const says = (sender: string, type: string, given: unknown = null) => mayReceive!({ sender, type, body: given } as never);
    expect(says('task-p', 'task.ended', body('troupe.task.regular.p.work'))).to.equal(true);
    expect(says('task-p', 'task.ended', body('troupe.task.regular.other.work'))).to.equal(false);
    expect(says('task-p', 'task.ended', body('troupe.command.x'))).to.equal(false);
    expect(says('task-p', 'task.ended', 'malformed')).to.equal(false);
    expect(says('task-p', 'task.progress')).to.equal(true);
    expect(says('task-p', 'verb.cancel')).to.equal(false);
    expect(says('entity', 'task.ended', body('troupe.task.regular.p.work'))).to.equal(false);
    expect(says('timer', 'timer.again')).to.equal(true);
    expect(says('timer', 'task.ended')).to.equal(false);
    expect(says('verb', 'verb.cancel')).to.equal(true);
  });
});

describe('the message of a lone task', () => {
  const options = { id: 'x', token: 't', now: 7 };

  it('is made from its contract, with the input as it was given', async () => {
    const contract = task({ class: 'heavy', timeLimit: '5s', input: z.object({ size: z.number().default(1) }) });
    expect(await taskMessage(contract, {} as never, { ...options, resultTtlMs: 9 })).to.deep.equal({
      class: 'heavy',
      pool: 'p',
      message: {
        v: 1,
        id: 'x',
        task: 'work',
        input: {},
        attempt: 1,
        attempts: 5,
        token: 't',
        idempotencyToken: 'x',
        timeLimitMs: 5_000,
        orderedAt: 7,
        resultTtlMs: 9,
      },
    });
  });

  it('is refused by the field that does not fit', async () => {
    const contract = task({ input: z.object({ size: z.number() }) });
    const failure = await taskMessage(contract, { size: 'big' } as never, options).catch((error: unknown) => error);
    expect(failure).to.include({ code: 'invalid_input', field: 'input.size' });
  });
});
