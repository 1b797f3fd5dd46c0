import { expect } from 'chai';
import {
  chain,
  createExecutor,
  type ExecutorOptions,
  group,
  nothing,
  type OwnedSpec,
  type PlanNode,
  step,
  transition,
} from '@troupe/executor';
import type { Command, JsonObject } from '@troupe/protocol';
import { type Bench, createBench, fatal, hostile, Server, settled, success, tasks, Volume, work } from './bench/index.ts';

const server = { kind: 'server', id: 's1' };
const volume = (id: string): { kind: string; id: string } => ({ kind: 'volume', id });

/** A server that is acted on together with its volumes, which its data names. */
function setup(
  plan: PlanNode,
  faults: object = {},
  more: Partial<ExecutorOptions<JsonObject, undefined>> = {},
  specs?: (ids: string[]) => OwnedSpec[],
): Bench {
  const executor = createExecutor({
    name: 'test',
    family: 'action',
    resource: Server,
    resources: ({ resource }) => {
      const ids = resource.data['volumes'] as string[];
      return specs?.(ids) ?? ids.map(volume);
    },
    plan: () => plan,
    ...more,
  });
  const bench = createBench({ executors: [executor], tasks, ...faults });
  bench.store.put('server', 's1', { state: 'OK', data: { volumes: ['v2', 'v1'] } });
  bench.store.put('volume', 'v1', { state: 'OK' });
  bench.store.put('volume', 'v2', { state: 'ERRED', error: { code: 'old', message: 'from before' } });
  return bench;
}

const go = step('go', work, {});

describe('an operation that owns several resources', () => {
  for (const { name, faults } of hostile()) {
    it(`takes all of them in the order of their ids and rests all of them, ${name}`, async () => {
      const bench = setup(chain(go, transition('server', 'beginUpdating'), transition(volume('v1'), 'beginUpdating')), faults);
      const id = await bench.command('test', { resource: server });
      bench.run();
      expect(bench.view(id).outcome).to.equal('succeeded');
      const takes = bench.trace.filter((line) => line.startsWith('write take'));
      expect(takes).to.deep.equal(['server/s1', 'volume/v1', 'volume/v2'].map((ref) => `write take ${ref} UPDATE_SCHEDULED`));
      for (const record of bench.store.all()) expect(record).to.include({ state: 'OK', currentOperation: null, error: null });
      settled(bench);
    });

    it(`takes none of them if one is owned by somebody else, ${name}`, async () => {
      const bench = setup(go, faults);
      bench.store.put('volume', 'v2', { state: 'UPDATING', currentOperation: 'somebody', epoch: 7 });
      bench.store.seize('volume', 'v2', 'somebody');
      const id = await bench.command('test', { resource: server });
      bench.run();
      const answer = bench.answers.find((one) => one.operation === id && one.answer === 'rejected');
      expect(answer).to.deep.nested.include({ 'error.code': 'conflict' });
      expect((answer as { error: { data: unknown } }).error.data).to.deep.equal({
        ...volume('v2'),
        state: 'UPDATING',
        operation: 'somebody',
      });
      expect(bench.record('server', 's1')).to.include({ state: 'OK', currentOperation: null });
      expect(bench.record('volume', 'v1')).to.include({ state: 'OK', currentOperation: null });
      expect(bench.view(id).outcome).to.equal('rejected');
      expect(bench.workers.sent).to.deep.equal([]);
      settled(bench);
    });
  }

  it('gives back what it took with the error it had', async () => {
    const bench = setup(go);
    bench.store.put('volume', 'w', { state: 'OK' });
    bench.store.put('server', 's1', {});
    bench.store.vanish('volume', 'v1');
    bench.store.put('volume', 'v1', { state: 'ERRED', error: { code: 'old', message: 'kept' } });
    bench.store.vanish('volume', 'v2');
    const id = await bench.command('test', { resource: server });
    bench.run();
    expect(bench.lastAnswer(id)).to.deep.nested.include({ answer: 'rejected', 'error.code': 'unknown_resource' });
    expect(bench.record('volume', 'v1')).to.deep.include({
      state: 'ERRED',
      error: { code: 'old', message: 'kept' },
      currentOperation: null,
    });
  });

  it('that wants the same as another: one gets all, the other is told who has them', async () => {
    const bench = setup(step('go', work, {}), { shuffle: true, seed: 7 });
    bench.on('work', () => ({ outcome: success(), afterMs: 1_000 }));
    const ids = [
      await bench.command('test', { id: 'op-a', resource: server }),
      await bench.command('test', { id: 'op-b', resource: server }),
    ];
    bench.run();
    const outcomes = ids.map((id) => bench.view(id).outcome);
    expect(outcomes).to.have.members(['succeeded', 'rejected']);
    const [winner, loser] = outcomes[0] === 'succeeded' ? ids : [...ids].reverse();
    expect((bench.lastAnswer(loser!) as { error: { data: unknown } }).error.data).to.deep.include({ operation: winner });
    settled(bench);
  });

  it('works on the resource that a step names', async () => {
    const bench = setup(chain(step('a', work, {}), step('b', work, {}, { on: volume('v2') }), step('c', work, {}, { on: 'server' })));
    await bench.command('test', { resource: server });
    bench.run();
    expect(bench.workers.sent.map(({ message }) => message.resource?.id)).to.deep.equal(['s1', 'v2', 's1']);
    for (const { message } of bench.workers.sent) expect(message.fence?.epoch).to.be.greaterThan(0);
  });

  it('may name them all in its command', async () => {
    const executor = createExecutor({
      name: 'test',
      family: 'update',
      resource: Volume,
      plan: ({ resources }) => group({}, ...resources.map(({ id, kind }) => step(`go-${id}`, work, {}, { on: { kind, id } }))),
    });
    const bench = createBench({ executors: [executor], tasks, rebuild: true });
    for (const id of ['b', 'a', 'c']) bench.store.put('volume', id, { state: 'OK' });
    const id = await bench.command('test', { resources: ['b', 'a', 'c'].map(volume) });
    bench.run();
    expect(bench.view(id).outcome).to.equal('succeeded');
    expect(bench.trace.filter((line) => line.startsWith('write take'))).to.deep.equal(
      ['a', 'b', 'c'].map((one) => `write take volume/${one} UPDATE_SCHEDULED`),
    );
    settled(bench);
  });

  it('is refused when it names one twice or too many', async () => {
    const executor = createExecutor({ name: 'test', family: 'update', resource: Volume, plan: () => nothing() });
    const bench = createBench({ executors: [executor], tasks });
    bench.store.put('volume', 'a', { state: 'OK' });
    const twice = await bench.command('test', { id: 'twice', resources: [volume('a'), volume('a')] });
    const many = await bench.command('test', { id: 'many', resources: Array.from({ length: 65 }, (_, i) => volume(`v${i}`)) });
    bench.run();
    expect(bench.lastAnswer(twice)).to.deep.nested.include({ answer: 'rejected', 'error.field': 'resources.1' });
    expect(bench.lastAnswer(many)).to.deep.nested.include({ answer: 'rejected', 'error.field': 'resources' });
  });
});

describe('the ends of further resources', () => {
  /** F6 in small: a server and two volumes to be created, an address that may exist. */
  async function create(failAt: string | undefined, faults: object = {}): Promise<Bench> {
    const each = (id: string): PlanNode =>
      chain(step(`make-${id}`, work, {}, { on: volume(id), transition: 'beginCreating' }), transition(volume(id), 'setOk'));
    const executor = createExecutor({
      name: 'test',
      family: 'create',
      resource: Server,
      resources: () => [
        { ref: volume('v1') },
        { ref: volume('v2') },
        { ref: { kind: 'ip', id: 'new' }, family: 'free', ends: { notCreated: 'remove', failed: 'ok' } },
        { ref: { kind: 'ip', id: 'old' }, family: 'free', ends: { notCreated: 'remove', failed: 'ok' } },
      ],
      plan: () => chain(step('begin', work, {}, { transition: 'beginCreating' }), each('v1'), each('v2'), step('boot', work, {})),
    });
    const bench = createBench({ executors: [executor], tasks, ...faults });
    for (const [kind, id] of [
      ['server', 's1'],
      ['volume', 'v1'],
      ['volume', 'v2'],
    ] as const)
      bench.store.put(kind, id);
    bench.store.put('ip', 'new', { state: 'OK' });
    bench.store.put('ip', 'old', { state: 'OK', backendId: 'ip-7' });
    bench.on('work', (message) => (message.step === failAt ? fatal('broken') : success()));
    await bench.command('test', { resource: server });
    bench.run();
    settled(bench);
    return bench;
  }
  const states = (bench: Bench): (string | undefined)[] => [
    bench.record('server', 's1')?.state,
    bench.record('volume', 'v1')?.state,
    bench.record('volume', 'v2')?.state,
    bench.record('ip', 'new')?.state,
    bench.record('ip', 'old')?.state,
  ];

  for (const { name, faults } of hostile(2)) {
    it(`are OK after a success, ${name}`, async () => {
      expect(states(await create(undefined, faults))).to.deep.equal(['OK', 'OK', 'OK', 'OK', 'OK']);
    });

    it(`after a failure: never started is removed, OK stays, the rest is ERRED, ${name}`, async () => {
      expect(states(await create('make-v1', faults))).to.deep.equal(['ERRED', 'ERRED', undefined, 'OK', 'OK']);
      expect(states(await create('make-v2', faults))).to.deep.equal(['ERRED', 'OK', 'ERRED', 'OK', 'OK']);
      expect(states(await create('boot', faults))).to.deep.equal(['ERRED', 'OK', 'OK', 'OK', 'OK']);
    });
  }
});

describe('accepting a command', () => {
  const update = (more: Partial<ExecutorOptions<JsonObject, undefined>> = {}, state = 'OK', fields = {}): Bench => {
    const executor = createExecutor({ name: 'test', family: 'update', resource: Volume, plan: () => go, ...more });
    const bench = createBench({ executors: [executor], tasks });
    bench.store.put('volume', 'v1', { state, ...fields });
    return bench;
  };
  const rejected = async (bench: Bench, command: Partial<Command> = {}): Promise<{ code: string; data?: unknown; field?: string }> => {
    const id = await bench.command('test', { resource: volume('v1'), ...command });
    bench.run();
    const answer = bench.lastAnswer(id);
    expect(answer?.answer).to.equal('rejected');
    return (answer as { error: { code: string } }).error;
  };

  it('commits the record before it takes anything', async () => {
    const bench = update();
    const id = await bench.command('test', { resource: volume('v1') });
    bench.step();
    expect(bench.trace[0]).to.equal('write take volume/v1 UPDATE_SCHEDULED');
    expect(bench.root(id)).to.include({ phase: 'running' });
    // record and take, then begin, then the task: each write is answered before anything rests on it
    expect(bench.written.turns).to.equal(3);
    expect(bench.trace.at(-1)).to.equal('task regular go#1');
  });

  it('is refused for a resource that is not there', async () => {
    expect(await rejected(update(), { resource: volume('nobody') })).to.include({ code: 'unknown_resource', field: 'resource' });
  });

  it('is a conflict in a state that the family does not begin from', async () => {
    expect(await rejected(update({}, 'CREATION_SCHEDULED'))).to.deep.include({
      code: 'conflict',
      data: { ...volume('v1'), state: 'CREATION_SCHEDULED', operation: null },
    });
  });

  it('is refused in a state that the executor does not begin from', async () => {
    expect(await rejected(update({ guard: { states: ['OK'] } }, 'ERRED'))).to.include({ code: 'conflict' });
  });

  it('is refused in a runtime state that the executor does not begin from', async () => {
    const bench = update({ guard: { runtimeStates: ['available'] } }, 'OK', { runtimeState: 'in-use' });
    expect(await rejected(bench)).to.deep.nested.include({ code: 'forbidden_state', 'data.runtimeState': 'in-use' });
  });

  it('skips the runtime guard, and nothing else, when it is forced', async () => {
    const bench = update({ guard: { runtimeStates: ['available'] } }, 'OK', { runtimeState: 'in-use' });
    const id = await bench.command('test', { resource: volume('v1'), options: { force: true } });
    bench.run();
    expect(bench.view(id).outcome).to.equal('succeeded');
  });

  for (const [how, check] of [
    ['text', () => 'it has snapshots'],
    ['an error', () => ({ code: 'forbidden_state', message: 'it has snapshots' })],
    [
      'a throw',
      () => {
        throw new Error('it has snapshots');
      },
    ],
  ] as const) {
    it(`is refused by the executor's own check, which answers with ${how}, and gives back`, async () => {
      const bench = update({ guard: { check } });
      expect(await rejected(bench)).to.include({ code: 'forbidden_state', message: 'it has snapshots' });
      expect(bench.record('volume', 'v1')).to.include({ state: 'OK', currentOperation: null });
      settled(bench);
    });
  }

  it('twice is one operation; the second is told how far it is', async () => {
    const bench = update();
    bench.on('work', () => ({ outcome: success(), afterMs: 1_000 }));
    const command = { id: 'op-x', resource: volume('v1'), input: null };
    await bench.command('test', command);
    bench.run(() => bench.workers.sent.length > 0);
    await bench.command('test', { ...command, createdAt: '2031-01-01T00:00:00Z' });
    bench.step();
    expect(bench.lastAnswer('op-x')).to.deep.include({ answer: 'duplicate', status: 'running' });
    bench.run();
    await bench.command('test', command);
    bench.run();
    expect(bench.lastAnswer('op-x')).to.deep.include({ answer: 'duplicate', status: 'ended', outcome: 'succeeded' });
    expect(bench.workers.sent).to.have.length(1);
  });

  it('under the id of another command is refused', async () => {
    const bench = update();
    await bench.command('test', { id: 'op-x', resource: volume('v1') });
    bench.run();
    expect(await rejected(bench, { id: 'op-x', resource: volume('v2') })).to.deep.include({ code: 'id_reused', field: 'id' });
  });

  it('that was rejected is rejected again, also when it could be accepted now', async () => {
    const bench = update({}, 'OK');
    bench.store.seize('volume', 'v1', 'somebody');
    expect(await rejected(bench, { id: 'op-x' })).to.include({ code: 'conflict' });
    bench.store.vanish('volume', 'v1');
    bench.store.put('volume', 'v1', { state: 'OK' });
    expect(await rejected(bench, { id: 'op-x' })).to.include({ code: 'conflict' });
  });

  it('of an executor that this supervisor does not know is rejected', async () => {
    const bench = update();
    bench.mail('op-z', 'command', { command: { v: 1, id: 'op-z', executor: 'unheard', createdAt: '2030-01-01T00:00:00Z' } });
    bench.run();
    expect(bench.lastAnswer('op-z')).to.deep.nested.include({ answer: 'rejected', 'error.code': 'unknown_executor' });
    settled(bench);
  });

  it('ends failed when the planner throws or its plan is wrong', async () => {
    for (const [plan, code] of [
      [
        () => {
          throw new Error('no plan today');
        },
        'plan_failed',
      ],
      [() => step('a', 'nobody'), 'unknown_task'],
      [() => ({ type: 'nonsense' }) as never, 'invalid_plan'],
    ] as const) {
      const bench = update({ plan });
      const id = await bench.command('test', { resource: volume('v1') });
      bench.run();
      expect(bench.view(id)).to.include({ outcome: 'failed' });
      expect(bench.view(id).error?.code).to.equal(code);
      expect(bench.answers.map((one) => one.answer)).to.deep.equal(['accepted', 'ended']);
      expect(bench.record('volume', 'v1')).to.include({ state: 'ERRED' });
      settled(bench);
    }
  });

  it('tells it in events, with the context of its sender on everything it causes', async () => {
    const bench = update();
    const id = await bench.command('test', { resource: volume('v1'), context: { user: 'ann', traceparent: '00-1' } });
    bench.run();
    expect(bench.events.map(({ topic }) => topic.join('.'))).to.deep.equal([`operation.test.${id}.accepted`, `operation.test.${id}.ended`]);
    expect(bench.workers.sent[0]?.context).to.deep.equal({ user: 'ann', traceparent: '00-1' });
  });

  it('keeps a large input out of the root', async () => {
    const schema = { '~standard': { version: 1 as const, vendor: 'test', validate: (value: unknown) => ({ value }) } };
    const executor = createExecutor({ name: 'test', family: 'free', input: schema, plan: () => chain(go, step('next', work, {})) });
    const bench = createBench({ executors: [executor], tasks, rebuild: true });
    await bench.command('test', { input: { text: 'x'.repeat(50_000) } });
    bench.run();
    expect(bench.written.largest).to.be.lessThan(4_000);
    settled(bench);
  });
});
