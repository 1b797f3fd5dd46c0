import { type Client, createClient, type ExecuteRequest, type OperationEnd, type OperationInfo } from '@troupe/client';
import { createKvResourceStore } from '@troupe/jetstream';
import type { ResourceRecord } from '@troupe/actor';
import type { JsonObject, ResourceRef } from '@troupe/protocol';
import { isResting, seizeWrite } from '@troupe/resource';
import { type App, connectRuntime, type Runtime, startSupervisor, startThrottle, startWorker } from '@troupe/runtime';
import { until } from '@troupe/test-infra';
import { expect } from 'chai';
import { createFakeBackend, type FakeBackend } from './backend.ts';
import { createWitness, type Witness } from './witness.ts';

export type Ended = OperationEnd & { readonly info: OperationInfo };

export interface Stage extends AsyncDisposable {
  readonly backend: FakeBackend;
  readonly client: Client;
  readonly runtime: Runtime;
  readonly witness: Witness;
  /** What the roles have told. */
  readonly told: readonly { readonly type: string }[];
  /** Inserts a row as the request that makes a resource does. */
  insert(kind: string, id: string, data?: JsonObject, row?: { readonly state?: string; readonly backendId?: string }): Promise<ResourceRef>;
  row(ref: ResourceRef): Promise<ResourceRecord | undefined>;
  /** State and runtime state of rows, those that are gone as `gone`. */
  rows(...refs: readonly ResourceRef[]): Promise<string[]>;
  /** Unlinks a row past its operation. */
  wipe(ref: ResourceRef): Promise<void>;
  run(executor: string, resource?: ResourceRef, request?: Omit<ExecuteRequest, 'executor' | 'resource'>): Promise<Ended>;
  /** Executors of the operations that have this one for a parent, in the order of their start. */
  childrenOf(id: string): Promise<OperationInfo[]>;
  /** Stops a role and starts another in its place. */
  restart(role: 'supervisor' | 'worker'): Promise<void>;
  /** Fails unless every operation has ended, every row rests without an owner, and no lease is held. */
  expectClean(...scopes: readonly string[]): Promise<void>;
}

let count = 0;

/** All roles of an app on a real nats-server, before a backend that does what the test says. */
export async function createStage(appOf: (backend: FakeBackend) => App): Promise<Stage> {
  const servers = process.env['TEST_NATS_URL']!;
  const ns = `stage-${process.pid}-${count++}`;
  const backend = createFakeBackend();
  const app = appOf(backend);
  const pools = [...new Set(app.tasks.map(({ pool }) => pool))];
  const topology = { applyTopology: true, storage: 'memory', maxLogBytes: 4_194_304, partitions: 2, mailAckWaitMs: 1_000 } as const;
  const runtime = await connectRuntime({ connection: { servers }, ns, pools, ...topology });
  const witness = await createWitness(runtime);
  const told: { type: string }[] = [];
  const onEvent = (event: { type: string }): void => void told.push(event);
  const start = {
    supervisor: () => startSupervisor(runtime, app, { onEvent }),
    worker: () => startWorker(runtime, app, { onEvent, graceMs: 50 }),
  };
  const throttle = await startThrottle(runtime, app, { onEvent });
  const roles = { supervisor: await start.supervisor(), worker: await start.worker() };
  const client = createClient({ servers }, { ns, checkEvery: '1s' });
  await client.start();
  const { nc, publisher, subjects } = runtime;
  const store = createKvResourceStore({ nc, publisher, subjects, serverNow: () => runtime.serverNow() });
  const inserted: ResourceRef[] = [];

  return {
    backend,
    client,
    runtime,
    witness,
    told,
    async insert(kind, id, data = {}, { state = 'CREATION_SCHEDULED', backendId = '' } = {}) {
      const ref = { kind, id };
      const write = { op: 'create', ref, state, set: { backendId, data } } as const;
      expect(await store.write(write, { turn: 0, effect: `insert ${kind}/${id}` })).to.include({ ok: true });
      inserted.push(ref);
      return ref;
    },
    row: (ref) => store.get(ref),
    rows: (...refs) =>
      Promise.all(
        refs.map(async (ref) => {
          const row = await store.get(ref);
          return `${ref.id} ${row === undefined ? 'gone' : `${row.state} ${row.runtimeState}`.trim()}`;
        }),
      ),
    async wipe(ref) {
      const taken = await store.write(seizeWrite(ref, 'unlink'), { turn: Number.MAX_SAFE_INTEGER - 1, effect: `seize ${ref.id}` });
      const epoch = taken.record?.epoch ?? 0;
      const stamp = { turn: Number.MAX_SAFE_INTEGER, effect: `unlink ${ref.id}` };
      expect(await store.write({ op: 'remove', ref, operation: 'unlink', epoch }, stamp)).to.include({ ok: true });
    },
    async run(executor, resource, request = {}) {
      const handle = await client.execute({ executor, ...(resource === undefined ? {} : { resource }), ...request });
      const end = await handle.ended();
      return { ...end, info: (await client.operation(handle.id))! };
    },
    async childrenOf(id) {
      const all = await client.operations({ limit: 1_000 });
      return all.filter(({ parent }) => parent === id).sort((a, b) => (a.id < b.id ? -1 : 1));
    },
    async restart(role) {
      await roles[role].stop();
      roles[role] = (await start[role]()) as never;
    },
    async expectClean(...scopes) {
      const held = async (): Promise<number> => {
        const all = await Promise.all(scopes.map(async (scope) => (await client.throttle(scope)) ?? []));
        return all.flat().reduce((sum, { used, waiting }) => sum + used + waiting, 0);
      };
      await until('no token is held', async () => (await held()) === 0);
      await until('every operation has ended', async () => (await client.operations({})).every(({ status }) => status === 'ended'));
      for (const ref of inserted) {
        const row = await store.get(ref);
        const rests = row === undefined || (row.currentOperation === null && isResting(row.state));
        expect(rests, `${ref.kind} ${ref.id} is ${row?.state}, owned by ${row?.currentOperation}`).to.equal(true);
      }
    },
    async [Symbol.asyncDispose]() {
      await client.stop();
      await roles.worker.stop();
      await roles.supervisor.stop();
      await throttle.stop();
      await runtime.stop();
    },
  };
}
