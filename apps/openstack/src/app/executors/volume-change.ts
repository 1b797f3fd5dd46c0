/** F3 and F4: volumes that are there are extended, attached and get another type. */
import { chain, createExecutor, type ExecutorDefinition, fail, poll, step, transition } from '@troupe/executor';
import { z } from 'zod';
import * as looks from '../contracts.ts';
import { Instance, Volume } from '../kinds.ts';
import { after, type FullPace } from '../pace.ts';
import * as tasks from '../volume-contracts.ts';

const id = z.string().min(1);

/** What a volume says that will not become what anybody waits for. */
const broken = ['error', 'error_deleting', 'error_extending', 'error_restoring'];

export function changeVolumes(pace: FullPace): ExecutorDefinition[] {
  return [extendVolume(pace), attachVolume(pace), retypeVolume(pace)];
}

function lookUntil(name: string, backendId: string, runtimeState: ('available' | 'in-use')[], { every }: FullPace, delay = {}) {
  return poll(name, looks.pullVolume, {
    input: { backendId },
    until: { runtimeState },
    fail: { runtimeState: broken },
    gone: { runtimeState: ['deleted'], means: 'failure' },
    every,
    for: '100m',
    ...delay,
  });
}

const neverCreated = 'the volume was never created on the backend';

/**
 * F3. A volume that a machine has is let go, extended and given back at the same place. The looks on the way erase from the row who
 * had it, so what the way back and the ends need stands in the plan, which was made before. Both are ERRED on failure.
 */
function extendVolume(pace: FullPace): ExecutorDefinition {
  return createExecutor({
    name: 'openstack.volume.extend',
    family: 'action',
    resource: Volume,
    /** `instance`: id of the row of the machine that has it. */
    input: z.object({ sizeGb: z.number().int().positive(), instance: id.optional() }),
    action: 'extend',
    actionDetails: ({ resource, input }) => ({ old: { sizeGb: resource?.data.sizeGb ?? 0 }, new: { sizeGb: input.sizeGb } }),
    guard: {
      check({ resource: { backendId, data }, input }) {
        if (backendId === '') return neverCreated;
        if (input.sizeGb <= data.sizeGb) return `the volume has ${data.sizeGb} GB already`;
        if (typeof data.attachedTo === 'string' && input.instance === undefined)
          return 'a machine has the volume: its instance has to be named';
        return undefined;
      },
    },
    resources: ({ input: { instance } }) => (instance === undefined ? [] : [{ ref: Instance.ref(instance), family: 'action' as const }]),
    plan({ resource: { backendId, data }, resources, input: { sizeGb, instance } }) {
      const extend = { backendId, sizeGb };
      if (instance === undefined) {
        return chain(
          step('extend', tasks.extendVolume, extend, { transition: 'beginUpdating' }),
          lookUntil('extended', backendId, ['available'], pace),
        );
      }
      const on = Instance.ref(instance);
      const { backendId: serverId } = resources.find((one) => one.kind === on.kind && one.id === on.id)!;
      if (data.attachedTo !== serverId) return fail('not_attached', `instance ${instance} does not have the volume`);
      const place = typeof data.device === 'string' ? { device: data.device } : {};
      return chain(
        transition(on, 'beginUpdating'),
        step('detach', looks.detachVolume, { serverId, backendId }, { transition: 'beginUpdating' }),
        lookUntil('free', backendId, ['available'], pace),
        step('extend', tasks.extendVolume, extend),
        lookUntil('extended', backendId, ['available'], pace),
        step('attach', tasks.attachVolume, { backendId, serverId, ...place }),
        lookUntil('attached', backendId, ['in-use'], pace),
      );
    },
  });
}

/** F4. The last look finds the place that the machine has given it. */
function attachVolume(pace: FullPace): ExecutorDefinition {
  return createExecutor({
    name: 'openstack.volume.attach',
    family: 'action',
    resource: Volume,
    input: z.object({ serverId: id, device: z.string().optional() }),
    action: 'attach',
    guard: { check: ({ resource: { backendId } }) => (backendId === '' ? neverCreated : undefined) },
    plan: ({ resource: { backendId }, input: { serverId, device } }) =>
      chain(
        step(
          'attach',
          tasks.attachVolume,
          { backendId, serverId, ...(device === undefined ? {} : { device }) },
          { transition: 'beginUpdating' },
        ),
        lookUntil('attached', backendId, ['in-use'], pace),
        step('pull', looks.pullVolume, { backendId }),
      ),
  });
}

/**
 * F4. Right after the call the volume may still show the state that is waited for, so the first look comes late; and one that the cloud
 * has given up on shows it as well, so the last look asks for the type.
 */
function retypeVolume(pace: FullPace): ExecutorDefinition {
  return createExecutor({
    name: 'openstack.volume.retype',
    family: 'action',
    resource: Volume,
    input: z.object({ volumeType: id }),
    action: 'retype',
    actionDetails: ({ resource, input }) => ({ old: { volumeType: resource?.data.volumeType ?? null }, new: { ...input } }),
    guard: { check: ({ resource: { backendId } }) => (backendId === '' ? neverCreated : undefined) },
    plan: ({ resource: { backendId }, input: { volumeType } }) =>
      chain(
        step('retype', tasks.retypeVolume, { backendId, volumeType }, { transition: 'beginUpdating' }),
        lookUntil('retyped', backendId, ['available', 'in-use'], pace, after(pace.retypeDelay)),
        step('check type', tasks.checkType, { backendId, volumeType }),
      ),
  });
}
