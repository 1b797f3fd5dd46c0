/** F20: Azure, VMware and AWS. */
import { chain, createExecutor, outputOf, poll, step, transition } from '@troupe/executor';
import type { ResourceRef } from '@troupe/protocol';
import { defineKind } from '@troupe/resource';
import { defineApp } from '@troupe/runtime';
import { defineTask, handle, withPatch } from '@troupe/task';
import { z } from 'zod';
import type { FakeBackend } from '../support/backend.ts';

const byName = z.object({ name: z.string() });
const made = z.object({ backendId: z.string() });
const create = defineTask({
  name: 'create',
  input: byName.extend({ parts: z.array(z.string()).optional() }),
  output: made,
  idempotent: 'token',
});
const call = defineTask({ name: 'call', input: byName.extend({ verb: z.string() }), idempotent: 'yes' });
const pull = defineTask({ name: 'pull', input: byName, output: z.object({ bootedAt: z.number().nullable() }), idempotent: 'yes' });
const toolsRun = defineTask({
  name: 'tools',
  input: byName.extend({ rebootedSince: z.number().nullable().optional() }),
  idempotent: 'yes',
});
const ping = defineTask({ name: 'ping', idempotent: 'yes' });

const soon = { every: '20ms', for: '20s' } as const;

// Azure
const azureStates = ['Creating', 'Succeeded', 'Failed'];
const AzureVm = defineKind({ kind: 'azure.vm', runtimeStates: azureStates });
const azureParts = ['group', 'network', 'subnet', 'ip', 'nic'].map((part) =>
  defineKind({ kind: `azure-${part}`, runtimeStates: azureStates }),
);

const azureReady = (id: string, name: string, on?: ResourceRef) =>
  poll(id, pull, {
    input: { name },
    until: { runtimeState: ['Succeeded'] },
    fail: { runtimeState: ['Failed'] },
    ...(on === undefined ? {} : { on }),
    ...soon,
  });

/** Each part in turn, OK as soon as it is there. The poller of the SDK is left alone: what waits is a poll of the plan. */
const createAzureVm = createExecutor({
  name: 'azure.vm.create',
  family: 'create',
  resource: AzureVm,
  resources: ({ resource }) => azureParts.map((part) => part.ref(resource.id)),
  plan({ resource: { id } }) {
    const parts = azureParts.map((part) => ({
      on: part.ref(id),
      create: step(`create ${part.kind}`, create, { name: `${id}/${part.kind}` }, { on: part.ref(id), transition: 'beginCreating' }),
    }));
    return chain(
      transition(undefined, 'beginCreating'),
      ...parts.map((part) =>
        chain(part.create, azureReady(`${part.create.id} ready`, `${id}/${part.on.kind}`, part.on), transition(part.on, 'setOk')),
      ),
      step('create', create, { name: id, parts: parts.map((part) => outputOf(part.create).backendId) }),
      azureReady('ready', id),
      step('pull', pull, { name: id }),
    );
  },
});

// VMware
const Vm = defineKind({ kind: 'vmware.vm', runtimeStates: ['POWERED_ON', 'POWERED_OFF'] });
const Disk = defineKind({ kind: 'vmware.disk', data: z.object({ vm: z.string(), datastore: z.string() }) });

const startVm = createExecutor({
  name: 'vmware.vm.start',
  family: 'action',
  resource: Vm,
  action: 'start',
  guard: { runtimeStates: ['POWERED_OFF'] },
  plan: ({ resource: { id } }) =>
    chain(
      step('start', call, { name: id, verb: 'start' }),
      step('pull', pull, { name: id }),
      poll('tools', toolsRun, { input: { name: id }, until: { done: true }, ...soon }),
      step('pull again', pull, { name: id }),
    ),
});

/**
 * Tools that run prove nothing after a reset: they may be those of before. The moment in which they do not run is too short
 * to be met by a look, so the time of the last boot is compared instead.
 */
const resetVm = createExecutor({
  name: 'vmware.vm.reset',
  family: 'action',
  resource: Vm,
  action: 'reset',
  plan({ resource: { id } }) {
    const before = step('before', pull, { name: id });
    return chain(
      before,
      step('reset', call, { name: id, verb: 'reset' }),
      poll('tools', toolsRun, { input: { name: id, rebootedSince: outputOf(before).bootedAt }, until: { done: true }, ...soon }),
      step('pull', pull, { name: id }),
    );
  },
});

const pullVm = createExecutor({
  name: 'vmware.vm.pull',
  family: 'action',
  resource: Vm,
  plan: ({ resource: { id } }) => step('pull', pull, { name: id }),
});

/** The machine is told by an operation of its own: that its pull fails is no failure of the delete. */
const deleteDisk = createExecutor({
  name: 'vmware.disk.delete',
  family: 'delete',
  resource: Disk,
  // the end has no row any more, so what follows is told by the output
  input: z.object({ vm: z.string() }),
  plan: ({ resource: { id, data } }) =>
    chain(step('delete', call, { name: id, verb: 'delete' }), step('pull datastore', pull, { name: data.datastore })),
  after: ({ outcome, input: { vm } }) =>
    outcome === 'succeeded' ? { executor: pullVm, resource: Vm.ref(vm), options: { onConflict: 'queue' } } : undefined,
});

// AWS
const awsVolumeStates = ['creating', 'available', 'inuse', 'error'];
const AwsInstance = defineKind({ kind: 'aws.instance', runtimeStates: ['pending', 'running', 'stopped', 'error'] });
const AwsVolume = defineKind({ kind: 'aws.volume', runtimeStates: awsVolumeStates });

const createAwsInstance = createExecutor({
  name: 'aws.instance.create',
  family: 'create',
  resource: AwsInstance,
  resources: ({ resource }) => [AwsVolume.ref(`${resource.id}-root`)],
  plan({ resource: { id } }) {
    const volume = AwsVolume.ref(`${id}-root`);
    return chain(
      transition(volume, 'beginCreating'),
      step('create', create, { name: id }, { transition: 'beginCreating' }),
      poll('running', pull, { input: { name: id }, until: { runtimeState: ['running'] }, fail: { runtimeState: ['error'] }, ...soon }),
      step('pull volume', pull, { name: volume.id }, { on: volume }),
      step('public addresses', call, { name: id, verb: 'addresses' }),
    );
  },
});

const awsVolume = (id: string, until: string, after?: '30ms') =>
  poll('there', pull, {
    input: { name: id },
    until: { runtimeState: [until] },
    fail: { runtimeState: ['error'] },
    ...(after === undefined ? {} : { after }),
    ...soon,
  });

const createAwsVolume = createExecutor({
  name: 'aws.volume.create',
  family: 'create',
  resource: AwsVolume,
  plan: ({ resource: { id } }) => chain(step('create', create, { name: id }), awsVolume(id, 'available', '30ms')),
});

const awsVolumeAction = (verb: string, until: string) =>
  createExecutor({
    name: `aws.volume.${verb}`,
    family: 'action',
    resource: AwsVolume,
    action: verb,
    plan: ({ resource: { id } }) => chain(step('call', call, { name: id, verb }), awsVolume(id, until, '30ms')),
  });

const resizeAwsInstance = createExecutor({
  name: 'aws.instance.resize',
  family: 'action',
  resource: AwsInstance,
  action: 'resize',
  plan: ({ resource: { id } }) =>
    chain(
      step('resize', call, { name: id, verb: 'resize' }),
      poll('stopped', pull, {
        input: { name: id },
        until: { runtimeState: ['stopped'] },
        fail: { runtimeState: ['error'] },
        after: '30ms',
        ...soon,
      }),
    ),
});

/** Waits for a word that this backend never says. */
const attachForEver = awsVolumeAction('attach-for-ever', 'in-use');

const pinging = createExecutor({ name: 'ping', family: 'free', plan: () => step('ping', ping, {}) });

export const clouds = (backend: FakeBackend) =>
  defineApp({
    name: 'clouds',
    executors: [
      ...[createAzureVm, startVm, resetVm, pullVm, deleteDisk, pinging],
      ...[createAwsInstance, createAwsVolume, awsVolumeAction('attach', 'inuse'), awsVolumeAction('detach', 'available')],
      ...[resizeAwsInstance, attachForEver],
    ],
    tasks: [create, call, pull, toolsRun, ping],
    kinds: [AzureVm, ...azureParts, Vm, Disk, AwsInstance, AwsVolume],
    // one, so that whoever blocks it is noticed
    slots: { total: 1, regular: { floor: 1, ceiling: 1 }, heavy: { floor: 0, ceiling: 0 }, background: { floor: 0, ceiling: 0 } },
    handlers: () => [
      handle(create, async ({ name }) => {
        await backend.change('create', name, () => backend.make(name, ['Creating', 'Creating', 'Succeeded']));
        return withPatch({ backendId: name }, { backendId: name });
      }),
      handle(call, async ({ name, verb }) => {
        await backend.change(verb, name, () => (verb === 'delete' ? backend.remove(name) : undefined));
        return null;
      }),
      handle(pull, async ({ name }) => {
        const seen = await backend.look('pull', name);
        return withPatch({ bootedAt: (seen?.facts['bootedAt'] as number | undefined) ?? null }, { runtimeState: seen?.word ?? '' });
      }),
      handle(toolsRun, async ({ name, rebootedSince }) => {
        const facts = (await backend.look('tools', name))?.facts ?? {};
        const isNew = rebootedSince === undefined || (facts['bootedAt'] as number) > (rebootedSince ?? 0);
        return { done: isNew && facts['tools'] === true };
      }),
      handle(ping, () => null),
    ],
  });
