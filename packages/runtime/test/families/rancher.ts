/** F19: clusters of nodes, each on a machine of its own. */
import { attempt, chain, child, createExecutor, group, nothing, outputOf, poll, step, transition } from '@troupe/executor';
import { defineKind } from '@troupe/resource';
import { defineApp } from '@troupe/runtime';
import { defineTask, handle, withPatch } from '@troupe/task';
import { z } from 'zod';
import type { FakeBackend } from '../support/backend.ts';

const Cluster = defineKind({
  kind: 'cluster',
  runtimeStates: ['provisioning', 'active', 'error'],
  data: z.object({ nodes: z.array(z.string()), storage: z.boolean().optional() }),
});
const Node = defineKind({
  kind: 'node',
  runtimeStates: ['active', 'registering', 'unavailable'],
  data: z.object({ machine: z.string(), isControlPlane: z.boolean().optional() }),
});
const Machine = defineKind({ kind: 'machine', runtimeStates: ['BUILDING', 'ACTIVE', 'ERROR'] });

const byName = z.object({ name: z.string() });
const createTask = (name: string) => defineTask({ name, input: byName, output: z.object({ backendId: z.string() }), idempotent: 'token' });
const task = (name: string) => defineTask({ name, input: byName, idempotent: 'yes' });
const tasks = {
  createCluster: createTask('cluster.create'),
  deleteCluster: task('cluster.delete'),
  pullCluster: task('cluster.pull'),
  pullNode: task('node.pull'),
  deleteNode: task('node.delete'),
  installStorage: task('storage.install'),
  isStorageUp: task('storage.look'),
  createMachine: createTask('machine.create'),
  deleteMachine: task('machine.delete'),
  pullMachine: task('machine.pull'),
};

/** F6, as far as a cluster needs it. */
const createMachine = createExecutor({
  name: 'machine.create',
  family: 'create',
  resource: Machine,
  plan({ resource }) {
    const create = step('create', tasks.createMachine, { name: resource.id }, { transition: 'beginCreating' });
    return chain(
      create,
      poll('active', tasks.pullMachine, {
        input: { name: outputOf(create).backendId },
        until: { runtimeState: ['ACTIVE'] },
        fail: { runtimeState: ['ERROR'] },
        every: '20ms',
        for: '20s',
      }),
    );
  },
});

/** F7, as far as a cluster needs it. */
const deleteMachine = createExecutor({
  name: 'machine.delete',
  family: 'delete',
  resource: Machine,
  plan: ({ resource }) => step('delete', tasks.deleteMachine, { name: resource.backendId }),
});

/**
 * The cluster owns its nodes and their machines, so each comes to rest with it: those it has not reached are removed, those
 * that are OK stay so. Nothing happens outside of its plan.
 */
const createCluster = createExecutor({
  name: 'cluster.create',
  family: 'create',
  resource: Cluster,
  class: 'heavy',
  resources: ({ resource: { data } }) => data.nodes.flatMap((id) => [Node.ref(id), Machine.ref(`${id}-vm`)]),
  plan({ resource, resources }) {
    const name = { name: resource.id };
    const nodes = resources
      .filter(({ kind }) => kind === 'node')
      .sort((a, b) => Number(b.data['isControlPlane'] ?? 0) - Number(a.data['isControlPlane'] ?? 0));
    return chain(
      step('create', tasks.createCluster, name, { transition: 'beginCreating', runtimeState: { during: 'provisioning' } }),
      ...nodes.map(({ id, data }) => addNode(id, String(data['machine']))),
      poll('active', tasks.pullCluster, {
        input: name,
        until: { runtimeState: ['active'] },
        fail: { runtimeState: ['error'] },
        every: '20ms',
        after: '50ms',
        for: '20s',
      }),
      step('pull', tasks.pullCluster, name, { after: '50ms' }),
      resource.data.storage === true ? installStorage(resource.id) : nothing(),
    );
  },
});

function addNode(id: string, machine: string) {
  const node = Node.ref(id);
  const vm = Machine.ref(machine);
  return chain(
    transition(node, 'beginCreating'),
    child(`machine ${id}`, createMachine, { resource: vm }),
    transition(vm, 'setOk'),
    poll(`node ${id}`, tasks.pullNode, {
      on: node,
      input: { name: id },
      until: { runtimeState: ['active'] },
      // registering, unavailable and nothing yet are waited for
      unknown: { failAfter: 1 },
      every: '20ms',
      for: '20s',
    }),
    transition(node, 'setOk'),
  );
}

function installStorage(name: string) {
  return chain(
    step('install storage', tasks.installStorage, { name }),
    poll('storage', tasks.isStorageUp, { input: { name }, until: { done: true }, every: '20ms', for: '20s' }),
    step('pull with storage', tasks.pullCluster, { name }),
  );
}

const deleteNode = createExecutor({
  name: 'node.delete',
  family: 'delete',
  resource: Node,
  neverCreated: 'plan',
  plan: ({ resource: { id, data } }) =>
    chain(
      transition(undefined, 'beginDeleting'),
      attempt({
        body: child('machine', deleteMachine, { resource: Machine.ref(data.machine), options: { force: true } }),
        catch: [{ code: 'unknown_resource', do: nothing() }],
      }),
      step('delete', tasks.deleteNode, { name: id }),
    ),
});

/** Its end is the end of its plan: the row goes once all nodes have gone and the cluster itself. */
const deleteCluster = createExecutor({
  name: 'cluster.delete',
  family: 'delete',
  resource: Cluster,
  class: 'heavy',
  plan: ({ resource: { id, data } }) =>
    chain(
      data.nodes.length === 0 ? nothing() : transition(undefined, 'beginDeleting'),
      group(
        { policy: 'waitAll' },
        ...data.nodes.map((node) => child(`node ${node}`, deleteNode, { resource: Node.ref(node), options: { force: false } })),
      ),
      step('delete', tasks.deleteCluster, { name: id }, { transition: 'beginDeleting' }),
    ),
});

export const rancher = (backend: FakeBackend) =>
  defineApp({
    name: 'rancher',
    executors: [createMachine, deleteMachine, createCluster, deleteNode, deleteCluster],
    tasks: Object.values(tasks),
    kinds: [Cluster, Node, Machine],
    handlers: () => [
      handle(tasks.createCluster, ({ name }) => create(backend, 'cluster.create', name, ['provisioning', 'active'])),
      handle(tasks.createMachine, ({ name }) => create(backend, 'machine.create', name, ['BUILDING', 'ACTIVE'])),
      ...(['cluster', 'machine', 'node'] as const).map((kind) => {
        const contract = { cluster: tasks.pullCluster, machine: tasks.pullMachine, node: tasks.pullNode }[kind];
        return handle(contract, async ({ name }) => {
          const seen = await backend.look(`${kind}.pull`, name);
          return withPatch(null, { runtimeState: seen?.word ?? '' });
        });
      }),
      handle(tasks.isStorageUp, async ({ name }) => ({ done: (await backend.look('storage.look', `${name}-storage`))?.word === 'up' })),
      handle(tasks.installStorage, async ({ name }) => {
        await backend.change('storage.install', name, () => backend.make(`${name}-storage`, ['starting', 'up']));
        return null;
      }),
      ...[tasks.deleteCluster, tasks.deleteNode, tasks.deleteMachine].map((contract) =>
        handle(contract, async ({ name }) => {
          await backend.change(contract.name, name, () => backend.remove(name));
          return null;
        }),
      ),
    ],
    limits: { default: 4 },
  });

async function create(backend: FakeBackend, verb: string, name: string, words: readonly string[]) {
  await backend.change(verb, name, () => backend.make(name, words));
  return withPatch({ backendId: name }, { backendId: name });
}
