import { attempt, chain, child, createExecutor, type ExecutorDefinition, group, poll, step, throttled } from '@troupe/executor';
import { decodeToken, type EventMessage, type Json, type ResourceRef } from '@troupe/protocol';
import { defineApp } from '@troupe/runtime';
import { Fatal, type Handler, handle, Retry, withPatch } from '@troupe/task';
import { createRehearsal } from '@troupe/testing';
import { expect } from 'chai';
import { createStage } from '../support/stage.ts';
import { act, Thing } from './app.ts';

/** What a backend does, by the step and how often it was called before. */
type Script = Readonly<Record<string, (call: number) => unknown>>;

interface Family {
  readonly what: string;
  readonly executors: readonly ExecutorDefinition[];
  readonly state: string;
  readonly script: Script;
  /** Whether members run side by side: then the order among them is nobody's promise. */
  readonly isParallel?: true;
}

/** All that can be seen of one operation from outside. */
interface Trace {
  readonly end: Json;
  readonly steps: readonly string[];
  readonly states: readonly string[];
  readonly tasks: readonly string[];
  readonly mail: readonly string[];
  readonly events: readonly string[];
  readonly row: Json;
}

const said = (word: string): unknown => withPatch(null, { runtimeState: word });
const built = throttled(
  { scope: 'cloud', need: { thing: 1 } },
  step('create', act, {}, { transition: 'beginCreating' }),
  poll('ready', act, { until: { runtimeState: ['ready'] }, fail: { runtimeState: ['broken'] }, every: '20ms', for: '1m' }),
);
const creating: Pick<Family, 'executors' | 'state'> = {
  executors: [createExecutor({ name: 'go', family: 'create', resource: Thing, plan: () => built })],
  state: 'CREATION_SCHEDULED',
};
const removing: Pick<Family, 'executors'> = {
  executors: [
    createExecutor({ name: 'go', family: 'delete', resource: Thing, plan: () => step('remove', act, {}, { transition: 'beginDeleting' }) }),
  ],
};

const families: readonly Family[] = [
  { ...creating, what: 'a create that is looked at three times', script: { ready: (call) => said(call < 3 ? 'busy' : 'ready') } },
  {
    ...creating,
    what: 'a create whose first call fails for a moment',
    script: {
      create: (call) => {
        if (call === 1) throw new Retry('not now', { after: '10ms' });
        return null;
      },
      ready: () => said('ready'),
    },
  },
  { ...creating, what: 'a create of what breaks', script: { ready: () => said('broken') } },
  { ...removing, what: 'a delete', state: 'OK', script: {} },
  {
    ...removing,
    what: 'a forced delete that leaves an orphan',
    state: 'ERRED',
    script: {
      remove: () => {
        throw new Fatal('it does not go', { code: 'stuck' });
      },
    },
  },
  {
    what: 'a group with a child, whose failure is handled',
    executors: [
      createExecutor({
        name: 'go',
        family: 'update',
        resource: Thing,
        plan: () =>
          attempt({
            body: group({ policy: 'waitAll' }, step('left', act, {}), child('right', 'inner')),
            catch: [{ code: 'any', do: chain(step('handled', act, {}), step('more', act, {})) }],
            finally: step('last', act, {}),
          }),
      }),
      createExecutor({ name: 'inner', family: 'free', plan: () => step('inside', act, {}) }),
    ],
    state: 'OK',
    isParallel: true,
    script: {
      inside: () => {
        throw new Fatal('it is broken', { code: 'broken' });
      },
    },
  },
];

function handlersOf(script: Script): { readonly steps: string[]; readonly handlers: () => Handler[] } {
  const steps: string[] = [];
  return {
    steps,
    handlers: () => [
      handle(act, (_input, { step: name, attempt: n }) => {
        steps.push(`${name}#${n}`);
        return (script[name!]?.(steps.filter((one) => one.startsWith(`${name}#`)).length) ?? null) as Json;
      }),
    ],
  };
}

/** Events once per id, by what they are about: among different things the order is nobody's promise. */
function told(events: readonly EventMessage[]): string[] {
  const once = [...new Map(events.map((event) => [event.id, event.topic.join('.')])).values()];
  return ['operation', 'resource', 'throttle'].flatMap((about) => once.filter((topic) => topic.startsWith(about)));
}

/** `before`: the epoch of the row that was put there. */
function rowOf(row: object | undefined, before = 0): Json {
  if (row === undefined) return null;
  const { state, runtimeState, error, currentOperation, epoch } = row as Record<string, unknown>;
  return {
    state,
    runtimeState,
    currentOperation,
    accepts: Number(epoch) - before,
    error: (error as { code: string } | null)?.code ?? null,
  } as Json;
}

const limits = { default: 2 };

async function rehearsed({ executors, state, script }: Family, ref: ResourceRef): Promise<Trace> {
  const { steps, handlers } = handlersOf(script);
  const rehearsal = createRehearsal({ executors, handlers, limits, kinds: [Thing], supervisors: 1, workers: 1 });
  const tasks: string[] = [];
  const mail: string[] = [];
  const { tasks: queues, mailboxes } = rehearsal.broker;
  const [push, post] = [queues.push.bind(queues), mailboxes.post.bind(mailboxes)];
  Object.assign(queues, {
    push(...sent: Parameters<typeof push>) {
      const message = sent[3] as { step: string; attempt: number };
      tasks.push(`${sent[1]} ${message.step}#${message.attempt}`);
      return push(...sent);
    },
  });
  Object.assign(mailboxes, {
    post(...sent: Parameters<typeof post>) {
      mail.push(`${sent[0].kind}/${sent[0].key} ${sent[1].type}`);
      return post(...sent);
    },
  });
  const { epoch } = rehearsal.put(ref, { state, backendId: state === 'CREATION_SCHEDULED' ? '' : 'b' });
  await rehearsal.submit('go', { id: 'op', resource: ref });
  await rehearsal.runToEnd();
  const { outcome, error, orphans, steps: count } = rehearsal.view('op')!;
  return {
    end: { outcome, error: error?.code ?? null, orphans: orphans?.length ?? 0, count } as never,
    steps,
    states: rehearsal.history(ref).map((one) => (one === 'gone' ? 'removed' : one)),
    tasks,
    mail,
    events: told(rehearsal.broker.events.map(({ message }) => message)),
    row: rowOf(rehearsal.record(ref), epoch),
  };
}

async function wired({ executors, state, script }: Family, ref: ResourceRef): Promise<Trace> {
  const { steps, handlers } = handlersOf(script);
  await using stage = await createStage(() => defineApp({ name: 'c16', executors, tasks: [act], kinds: [Thing], handlers, limits }));
  await stage.insert(ref.kind, ref.id, {}, { state, backendId: state === 'CREATION_SCHEDULED' ? '' : 'b' });
  const before = await stage.row(ref);
  const { outcome, error, info } = await stage.run('go', ref, { id: 'op' });
  await stage.expectClean('cloud');
  const { subjects } = stage.runtime;
  const seen = [...new Map(stage.witness.messages.map((message) => [message.headers['nats-msg-id'] ?? message, message])).values()];
  return {
    end: { outcome, error: error?.code ?? null, orphans: info.orphans?.length ?? 0, count: info.steps } as never,
    steps,
    states: stage.witness.states(ref),
    tasks: seen.flatMap(({ subject, body }) => {
      const task = subjects.parseTask(subject);
      const message = JSON.parse(task === undefined ? 'null' : body) as { step: string; attempt: number } | null;
      return message === null ? [] : [`${task!.cls} ${message.step}#${message.attempt}`];
    }),
    mail: seen.flatMap(({ subject, body }) => {
      // as it was published: the partition is added by the stream
      const [kind, key] = subject.startsWith(`${subjects.ns}.mail.`) ? subject.split('.').slice(2).map(decodeToken) : [];
      return kind === undefined ? [] : [`${kind}/${key} ${(JSON.parse(body) as { type: string }).type}`];
    }),
    events: told(stage.witness.events),
    row: rowOf(await stage.row(ref), before?.epoch),
  };
}

/** On TEST_NATS_URL, and in one process on virtual time. */
describe('C16 runner: the rehearsal does what the wire does', function () {
  this.timeout(30_000);

  for (const family of families) {
    it(`C16 ${family.what}: the same steps, states and messages`, async () => {
      const ref = Thing.ref('t');
      const [inMemory, overWire] = [await rehearsed(family, ref), await wired(family, ref)];
      const sorted = (trace: Trace): Trace => {
        const of = (list: readonly string[]): string[] => (family.isParallel === true ? [...list].sort() : [...list]);
        return { ...trace, steps: of(trace.steps), tasks: of(trace.tasks), mail: of(trace.mail), events: of(trace.events) };
      };
      expect(sorted(inMemory)).to.deep.equal(sorted(overWire));
      expect(inMemory.tasks.length).to.be.greaterThan(0);
    });
  }
});
