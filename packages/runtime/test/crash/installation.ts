/** Everything of an installation that can die, in a namespace of its own: roles, a process that is to be hit, the simulated cloud, a client. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, createClient, type OperationHandle } from '@troupe/client';
import { createKvResourceStore } from '@troupe/jetstream';
import { connectRuntime } from '@troupe/runtime';
import { until } from '@troupe/test-infra';
import { expect } from 'chai';
import { crashApp, type PlanName, plans } from './app.ts';
import { type Ledger, startLedger } from './ledger.ts';
import { connectionOf, type Fault, type RoleName, startRole } from './start-role.ts';
import { startVictim, type Victim } from './victim.ts';

/** One operation, from its command on. */
export interface Order extends OperationHandle {
  readonly plan: PlanName;
  readonly resource: { readonly kind: string; readonly id: string };
}

export interface Installation extends AsyncDisposable {
  readonly ledger: Ledger;
  /** A process that hits itself; it serves when this resolves. */
  victim(role: RoleName, fault: Fault): Promise<Victim>;
  /** The role within the process of the test; returns how to stop it. */
  serve(role: RoleName): Promise<() => Promise<void>>;
  /** Asks for an operation on a resource of its own. Does not wait for an answer: who would give it may be dead. */
  order(plan: PlanName, id: string): Promise<Order>;
  /** What the stores say of an operation and its resource, with the sequences of their last writes. */
  look(order: Order): Promise<unknown>;
  /** Sequence of the last write of the operation's record; 0 while there is none. */
  revision(order: Order): Promise<number>;
  /** Waits for the end, and checks everything that an end must leave behind. */
  endsWell(order: Order): Promise<void>;
  /** No message is left, in hand or waiting, nothing is buried, and no token is taken. */
  comesToRest(): Promise<void>;
}

/** Some ten times what the slowest case needs: a hold, a pull and the hold of a command lapse one after the other. */
const END_LIMIT_MS = 45_000;
const REST_LIMIT_MS = 20_000;
const READ_LIMIT_MS = 10_000;

let count = 0;

export interface InstallationOptions {
  /** As the test's server has it, or another one. */
  readonly url: string;
  readonly storage?: 'memory' | 'file';
  readonly knowsTokens?: boolean;
}

export async function startInstallation({ url, storage = 'memory', knowsTokens = false }: InstallationOptions): Promise<Installation> {
  /** Ends what was begun, the last first. */
  const ends: (() => Promise<unknown>)[] = [];
  const ns = `crash-${process.pid}-${count++}`;
  const ledger = await startLedger();
  ends.push(async () => ledger[Symbol.asyncDispose]());
  const backend = { url: ledger.url, knowsTokens };
  const runtime = await connectRuntime({ ...connectionOf(url, ns), storage, applyTopology: true });
  const { nc, publisher, subjects } = runtime;
  const api = async (name: string, body: object = {}): Promise<Answer> => {
    const answer = await nc.request(`$JS.API.${name}`, JSON.stringify(body), { timeout: 5_000 });
    return answer.json<Answer>();
  };
  const streams = [...Object.values(subjects.streams), ...Object.values(subjects.buckets).map((bucket) => `KV_${bucket}`)];
  ends.push(async () => {
    for (const stream of streams) await api(`STREAM.DELETE.${stream}`);
    await runtime.stop();
  });
  const client: Client = createClient({ servers: url }, { ns, checkEvery: '500ms', answerTimeout: '30s' });
  await client.start();
  ends.push(() => client.stop());
  const store = createKvResourceStore({ nc, publisher, subjects, serverNow: () => runtime.serverNow() });
  const subjectsOf = async (stream: string): Promise<string[]> =>
    Object.keys((await api(`STREAM.INFO.${stream}`, { subjects_filter: '>' })).state?.subjects ?? {});
  const leftOver = async (): Promise<string[]> => {
    const { commands, mail, tasks, timers } = subjects.streams;
    const tokens = ((await client.throttle('backend')) ?? []).reduce((sum, one) => sum + one.used, 0);
    const left = tokens === 0 ? [] : [`${tokens} tokens`];
    for (const stream of [commands, mail, tasks]) left.push(...(await subjectsOf(stream)));
    // a scope that somebody waited for has a timer to ask its holders; it is let fire, and finds nothing to do
    return [...left, ...(await subjectsOf(timers)).filter((subject) => !subject.startsWith(`${ns}.timer.throttle.`))];
  };
  const recordOf = async (order: Order): Promise<Answer['message']> =>
    (await api(`STREAM.MSG.GET.${subjects.streams.state}`, { last_by_subj: subjects.state({ kind: 'operation', key: order.id }) })).message;

  return {
    ledger,
    async victim(role, fault) {
      const victim = startVictim({ role, url, ns, backend, ...fault });
      ends.push(() => victim.end());
      await victim.said('ready');
      return victim;
    },
    async serve(role) {
      const own = await connectRuntime(connectionOf(url, ns));
      const service = await startRole(role, own, crashApp(backend));
      const stop = async (): Promise<void> => {
        await service.stop();
        await own.stop();
      };
      ends.push(stop);
      return stop;
    },
    async order(plan, id) {
      const resource = { kind: 'machine', id };
      await store.write({ op: 'create', ref: resource, state: 'CREATION_SCHEDULED', set: {} }, { turn: 0, effect: `inserted-${id}` });
      const answered = client.execute({ executor: plans[plan].executor.name, resource, id });
      answered.catch(() => undefined);
      return { id, plan, resource, ended: async (options) => (await answered).ended(options) };
    },
    async look(order) {
      const record = await recordOf(order);
      const root: unknown = record === undefined ? undefined : JSON.parse(Buffer.from(record.data, 'base64').toString());
      return { revision: record?.seq, root, resource: await store.get(order.resource) };
    },
    revision: async (order) => (await recordOf(order))?.seq ?? 0,
    async endsWell(order) {
      const { outcome, error } = await within(END_LIMIT_MS, order.ended(), async () => {
        const why = await client.explain(order.id).catch((cause: unknown) => ({ text: String(cause) }));
        return `${order.id} has not ended: ${JSON.stringify(why)}; there is ${(await leftOver()).join(', ')}`;
      });
      expect({ outcome, error }).to.deep.equal({ outcome: 'succeeded', error: undefined });
      // the connection of the test may come back after that of the supervisor which told the end
      const resource = await until('the resource can be read', () => store.get(order.resource).catch(() => undefined), READ_LIMIT_MS);
      expect(resource).to.deep.include({ state: 'OK', currentOperation: null });
      const own = [...ledger.made].filter(([token]) => token.startsWith(`${order.id}:`));
      const wanted = plans[order.plan].makes.map((step): [string, number] => [`${order.id}:${step}`, 1]);
      expect(own.sort(), 'the objects of the operation, and how often each was made').to.deep.equal(wanted.sort());
    },
    async comesToRest() {
      let left: string[] = [];
      const isAtRest = async (): Promise<boolean> => {
        left = await leftOver().catch((cause: unknown) => [`no answer: ${String(cause)}`]);
        return left.length === 0;
      };
      await until('nothing is left to do', isAtRest, REST_LIMIT_MS, 100).catch((cause: unknown) => {
        throw new Error(`never came to rest, there is ${left.join(', ')}`, { cause });
      });
      expect(await subjectsOf(subjects.streams.dead), 'dead letters').to.deep.equal([]);
    },
    async [Symbol.asyncDispose]() {
      for (const end of ends.splice(0).reverse()) await end();
    },
  };
}

async function within<T>(ms: number, what: Promise<T>, why: () => Promise<string>): Promise<T> {
  const limit = new AbortController();
  const late = sleep(ms, undefined, { signal: limit.signal }).then(async () => {
    throw new Error(await why());
  });
  try {
    return await Promise.race([what, late]);
  } finally {
    late.catch(() => undefined);
    limit.abort();
  }
}

interface Answer {
  readonly state?: { readonly subjects?: Readonly<Record<string, number>> };
  readonly message?: { readonly seq: number; readonly data: string };
}
