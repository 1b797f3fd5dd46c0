/** F1 and F2, and the detach of F4: volumes. */
import { chain, createExecutor, type ExecutorDefinition, nothing, poll, ref, step, throttled } from '@troupe/executor';
import type { JsonObject } from '@troupe/protocol';
import { z } from 'zod';
import * as tasks from '../contracts.ts';
import { Volume } from '../kinds.ts';
import { after, type FullPace } from '../pace.ts';

/** What a volume says that has ended badly; `deleted` is what a 404 means. */
const broken = ['error', 'error_deleting', 'error_extending', 'error_restoring', 'deleted'];

/** What looks at a new volume wait for. One that somebody has attached before the first look is ready as well. */
export function volumeReady({ every, volumeDelay }: FullPace) {
  return {
    until: { runtimeState: ['available', 'in-use'] },
    fail: { runtimeState: broken },
    every,
    for: '100m',
    ...after(volumeDelay),
  } as const;
}

export function volumeInput(data: JsonObject): { name: string; sizeGb: number; image?: string } {
  const { name, sizeGb, image } = data as { name: string; sizeGb: number; image?: string };
  return { name, sizeGb, ...(image === undefined ? {} : { image }) };
}

/** F1. The lease spans the call, the delay and the looks: what is limited is the build, not the request. */
export function createVolume(pace: FullPace): ExecutorDefinition {
  return createExecutor({
    name: 'openstack.volume.create',
    family: 'create',
    resource: Volume,
    plan: ({ resource }) =>
      throttled(
        { scope: resource.data.provider, need: { volume: 1 } },
        step('create', tasks.createVolume, volumeInput(resource.data), { transition: 'beginCreating' }),
        poll('ready', tasks.pullVolume, { input: { backendId: ref('create.backendId') }, ...volumeReady(pace) }),
      ),
  });
}

/** F2. Without a backend id nothing is called: the family removes the row. */
export function deleteVolume({ every }: FullPace): ExecutorDefinition {
  return createExecutor({
    name: 'openstack.volume.delete',
    family: 'delete',
    resource: Volume,
    plan: ({ resource: { backendId } }) =>
      chain(
        step('delete', tasks.deleteVolume, { backendId }, { transition: 'beginDeleting' }),
        poll('gone', tasks.isVolumeGone, { input: { backendId }, until: { done: true }, every, for: '50m' }),
      ),
  });
}

/** Ends when the volume is free. One that was never created, or is gone, is. */
export function detachVolume({ every }: FullPace): ExecutorDefinition {
  return createExecutor({
    name: 'openstack.volume.detach',
    family: 'action',
    resource: Volume,
    action: 'detach',
    input: z.object({ serverId: z.string().min(1) }),
    plan: ({ resource: { backendId }, input: { serverId } }) =>
      backendId === ''
        ? nothing()
        : chain(
            step('detach', tasks.detachVolume, { serverId, backendId }, { transition: 'beginUpdating' }),
            poll('free', tasks.pullVolume, {
              input: { backendId },
              // what could not be deleted hangs on nothing either
              until: { runtimeState: ['available', 'error_deleting'] },
              fail: { runtimeState: ['error', 'error_extending', 'error_restoring'] },
              gone: { runtimeState: ['deleted'], means: 'success' },
              every,
              for: '100m',
            }),
          ),
  });
}
