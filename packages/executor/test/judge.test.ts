import { expect } from 'chai';
import { createExecutor, executorsByName, judgeCommand, nothing, operationBehaviour } from '@troupe/executor';
import { ID_LIMIT_CHARS, isTroupeError, parseCommand, type Command } from '@troupe/protocol';
import { Server, Volume } from './bench/index.ts';

type Issue = { message: string; path?: (string | { key: string })[] };
const schema = (
  validate: (value: unknown) => { value: unknown } | { issues: Issue[] } | Promise<{ value: unknown } | { issues: Issue[] }>,
): never => ({ '~standard': { version: 1, vendor: 'test', validate } }) as never;
const sized = schema((value) => {
  const size = (value as { size?: unknown } | null)?.size;
  return typeof size === 'number' ? { value: { size, unit: 'GB' } } : { issues: [{ message: 'must be a number', path: ['size'] }] };
});

const executors = executorsByName([
  createExecutor({ name: 'create', family: 'create', resource: Volume, input: sized, plan: () => nothing() }),
  createExecutor({
    name: 'async',
    family: 'free',
    input: schema(async (value) => (value === 'good' ? { value } : { issues: [{ message: 'bad', path: [{ key: 'deep' }, 'er'] }] })),
    plan: () => nothing(),
  }),
  createExecutor({ name: 'bare', family: 'free', plan: () => nothing() }),
]);

const command = (executor: string, more: Partial<Command> = {}): Command => ({
  v: 1,
  id: 'op',
  executor,
  createdAt: '2030-01-01T00:00:00Z',
  ...more,
});
const resource = { kind: 'volume', id: 'v1' };

describe('a command is judged', () => {
  it('good: it comes back as mail, with the input as the schema returns it', async () => {
    const judged = await judgeCommand(executors, command('create', { resource, input: { size: 3 } }));
    expect(judged).to.deep.equal({
      ok: true,
      to: { kind: 'operation', key: 'op' },
      mail: { type: 'command', body: { command: command('create', { resource, input: { size: 3, unit: 'GB' } }) } },
    });
  });

  for (const [what, bad, code, field] of [
    ['for an executor that nobody knows', command('unheard'), 'unknown_executor', 'executor'],
    ['without the resource it needs', command('create', { input: { size: 1 } }), 'invalid_input', 'resource'],
    [
      'for a resource of another kind',
      command('create', { resource: { kind: 'server', id: 's' }, input: { size: 1 } }),
      'unknown_kind',
      'resource.kind',
    ],
    [
      'for several of another kind',
      command('create', { resources: [{ kind: 'server', id: 's' }], input: { size: 1 } }),
      'unknown_kind',
      'resources.0.kind',
    ],
    ['with a wrong input', command('create', { resource, input: { size: 'big' } }), 'invalid_input', 'input.size'],
    ['with no input where one is needed', command('create', { resource }), 'invalid_input', 'input.size'],
    ['with a wrong input, told asynchronously', command('async', { input: 'evil' }), 'invalid_input', 'input.deep.er'],
    ['with an input that nobody reads', command('bare', { input: { x: 1 } }), 'invalid_input', 'input'],
  ] as const) {
    it(`bad, ${what}`, async () => {
      const judged = await judgeCommand(executors, bad);
      expect(judged.ok).to.equal(false);
      expect((judged as { error: object }).error).to.deep.include({ code, field });
      expect((judged as { error: object }).error).not.to.have.property('stack');
    });
  }

  it('by the length of its id in characters as the wire counts them, not in units of UTF-16', async () => {
    const sent = (id: string) => new TextEncoder().encode(JSON.stringify(command('bare', { id })));
    // two units each: counted so, 65 of them would be too many
    for (const [letters, fits] of [
      [ID_LIMIT_CHARS, true],
      [ID_LIMIT_CHARS + 1, false],
    ] as const) {
      const id = '😀'.repeat(letters);
      const judged = await judgeCommand(executors, command('bare', { id }));
      expect(judged.ok, `${letters} letters, judged`).to.equal(fits);
      if (!judged.ok) expect(judged.error).to.include({ code: 'invalid_input', field: 'id' });
      if (fits) expect(parseCommand(sent(id)).id).to.equal(id);
      else expect(() => parseCommand(sent(id))).to.throw(/1 to 128 characters/);
    }
  });

  it('good by a schema that answers later, and without input where none is asked for', async () => {
    expect((await judgeCommand(executors, command('async', { input: 'good' }))).ok).to.equal(true);
    expect((await judgeCommand(executors, command('bare', { input: {} }))).ok).to.equal(true);
  });

  it('bad when its schema throws', async () => {
    const broken = executorsByName([
      createExecutor({
        name: 'broken',
        family: 'free',
        input: schema(() => {
          throw new Error('oops');
        }),
        plan: () => nothing(),
      }),
    ]);
    expect(await judgeCommand(broken, command('broken'))).to.deep.nested.include({ ok: false, 'error.code': 'invalid_input' });
  });
});

describe('an executor is refused when it is defined', () => {
  const options = { name: 'x', family: 'update', resource: Volume, plan: () => nothing() } as const;
  for (const [what, more, field] of [
    ['without a name', { name: '' }, 'name'],
    ['with an option that nobody reads', { guards: {} }, 'guards'],
    ['of no family', { family: 'rename' }, 'family'],
    ['without its resource', { resource: undefined }, 'resource'],
    ['of no class', { class: 'urgent' }, 'class'],
    ['without a planner', { plan: 'later' }, 'plan'],
    ['with an input that is no schema', { input: {} }, 'input'],
    ['with an action that its family does not show', { action: 'resize' }, 'action'],
    ['with a guard for a word that the backend never says', { guard: { runtimeStates: ['AVAILABLE'] } }, 'guard.runtimeStates'],
    ['with a deadline that is none', { deadline: 'soon' }, 'deadline'],
  ] as const) {
    it(what, () => {
      try {
        createExecutor({ ...options, ...more } as never);
        expect.fail('it was not refused');
      } catch (thrown) {
        expect(isTroupeError(thrown) && thrown.code).to.equal('invalid_options');
        expect((thrown as { field: string }).field).to.equal(field);
      }
    });
  }

  it('under a name that is taken', () => {
    const one = createExecutor(options);
    expect(() => operationBehaviour({ executors: [one, createExecutor(options)] }))
      .to.throw()
      .with.property('code', 'duplicate_name');
    expect(() => operationBehaviour({ executors: [one, one] })).not.to.throw();
  });

  it('free form needs no resource, and may have one', () => {
    expect(createExecutor({ name: 'f', family: 'free', plan: () => nothing() }).kind).to.equal(undefined);
    expect(createExecutor({ name: 'f', family: 'free', resource: Server, plan: () => nothing() }).kind?.kind).to.equal('server');
  });
});

describe('what each sender may say', () => {
  const behaviour = operationBehaviour({ executors: [] });
  const may = (sender: string, type: string): boolean =>
    behaviour.mayReceive!({ id: 'x', type, body: null, sender: sender as never, context: {}, storedAt: 0 });

  it('is told apart', () => {
    for (const type of ['task.ended', 'task.progress']) expect(may('task-pool', type)).to.equal(true);
    for (const type of ['command', 'write.ended', 'verb.cancel', 'throttle.granted', 'timer.step', 'child.ended'])
      expect(may('task-pool', type), type).to.equal(false);
    for (const type of [
      'command',
      'child',
      'child.answered',
      'child.ended',
      'throttle.granted',
      'throttle.refused',
      'throttle.asked',
      'watch',
      'operation.over',
      'resume',
      'verb.cancel',
    ])
      expect(may('entity', type), type).to.equal(true);
    for (const type of ['write.ended', 'task.ended', 'timer.step']) expect(may('entity', type), type).to.equal(false);
    expect(may('verb', 'verb.cancel')).to.equal(true);
    expect(may('verb', 'command')).to.equal(false);
    expect(may('host', 'write.ended')).to.equal(true);
    expect(may('host', 'task.ended')).to.equal(false);
    expect(may('timer', 'timer.poll')).to.equal(true);
    expect(may('timer', 'verb.cancel')).to.equal(false);
  });
});
