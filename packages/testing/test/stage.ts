/** Executors and a backend for rehearsals: volumes that are created under a throttle, changed, deleted, charged for. */
import { attempt, chain, child, createExecutor, group, poll, ref, step, throttled } from '@troupe/executor';
import { defineKind } from '@troupe/resource';
import { createRehearsal, type Rehearsal, type RehearsalOptions } from '@troupe/testing';
import { z } from 'zod';
import { type Backend, createBackend, tasks } from './backend.ts';

export const Volume = defineKind({ kind: 'volume', runtimeStates: ['creating', 'available', 'error'] });

const createVolume = createExecutor({
  name: 'volume.create',
  family: 'create',
  resource: Volume,
  input: z.object({ size: z.number().int().positive() }),
  plan: ({ input }) =>
    throttled(
      { scope: 'cloud/tenant', need: { volume: 1 } },
      step('create', tasks.create, { size: input.size }, { transition: 'beginCreating' }),
      poll('ready', tasks.look, {
        input: { id: ref('create.id') },
        until: { runtimeState: ['available'] },
        fail: { runtimeState: ['error'] },
        every: '5s',
        for: '10m',
      }),
    ),
  output: { backendId: ref('create.id') },
});

const deleteVolume = createExecutor({
  name: 'volume.delete',
  family: 'delete',
  resource: Volume,
  plan: ({ resource }) => step('remove', tasks.remove, { id: resource.backendId }, { transition: 'beginDeleting' }),
});

const resizeVolume = createExecutor({
  name: 'volume.resize',
  family: 'action',
  action: 'Resize',
  resource: Volume,
  plan: () => chain(step('resize', tasks.work, {}, { transition: 'beginUpdating' }), step('check', tasks.work, {})),
});

const createMany = createExecutor({
  name: 'volumes.create',
  family: 'free',
  input: z.object({ names: z.array(z.string()) }),
  plan: ({ input }) =>
    attempt({
      body: group(
        { policy: 'waitAll' },
        ...input.names.map((name) => child(name, createVolume, { resource: Volume.ref(name), input: { size: 1 } })),
      ),
      finally: step('tidy', tasks.work, {}),
    }),
});

/** Fails as soon as one volume does, and stops the others. */
const createTogether = createExecutor({
  name: 'volumes.together',
  family: 'free',
  input: z.object({ names: z.array(z.string()) }),
  plan: ({ input }) =>
    group({}, ...input.names.map((name) => child(name, createVolume, { resource: Volume.ref(name), input: { size: 1 } }))),
});

const heavyWork = createExecutor({
  name: 'heavy',
  family: 'free',
  class: 'heavy',
  plan: () => chain(step('first', tasks.work, {}, { after: '10s' }), step('second', tasks.work, {})),
});

const charge = createExecutor({ name: 'charge', family: 'free', plan: () => step('charge', tasks.charge, {}) });

export const executors = [createVolume, deleteVolume, resizeVolume, createMany, createTogether, heavyWork, charge];

export function setup(options: Partial<RehearsalOptions> = {}): { rehearsal: Rehearsal; backend: Backend } {
  const backend = createBackend({ seed: options.seed ?? 1 });
  const rehearsal = createRehearsal({
    executors,
    handlers: (around) => backend.handlers(around),
    limits: { default: 2 },
    dedupWindowMs: 1_000,
    ...options,
  });
  return { rehearsal, backend };
}

export const v1 = Volume.ref('v-1');
