/** F23: a project with schedules, instances, volumes and networks, and what cleans it up. */
import { chain, createCleanup, createExecutor, step } from '@troupe/executor';
import { defineKind } from '@troupe/resource';
import { defineApp } from '@troupe/runtime';
import { defineTask, handle } from '@troupe/task';
import { z } from 'zod';
import type { FakeBackend } from '../support/backend.ts';

const Project = defineKind({ kind: 'project' });
const kinds = ['schedule', 'instance', 'volume', 'network'].map((kind) => defineKind({ kind }));

const ref = z.object({ kind: z.string(), id: z.string() });
const list = defineTask({ name: 'project.list', input: ref, output: z.array(ref), idempotent: 'yes' });
const remove = defineTask({ name: 'remove', input: ref, idempotent: 'yes', retry: { attempts: 2, delays: ['10ms'] } });

/** What belongs to whom: a network goes after what is connected to it. A test may say otherwise. */
export const belongs: Readonly<Record<string, readonly string[]>> = {
  network: ['volume', 'instance'],
  volume: ['instance'],
  instance: ['schedule'],
  schedule: [],
};

const removers = kinds.map((kind) =>
  createExecutor({
    name: `${kind.kind}.delete`,
    family: 'delete',
    resource: kind,
    plan: ({ resource }) => chain(step('remove', remove, { kind: resource.kind, id: resource.id })),
  }),
);

export function cleanupOf(after: typeof belongs = belongs) {
  return createCleanup({
    name: 'project.cleanup',
    resource: Project,
    list,
    kinds: Object.fromEntries(Object.entries(after).map(([kind, others]) => [kind, { remove: `${kind}.delete`, after: others }])),
  });
}

export const projects = (backend: FakeBackend) => {
  const { executor, planners } = cleanupOf();
  return defineApp({
    name: 'projects',
    executors: [executor, ...removers],
    planners,
    tasks: [list, remove],
    kinds: [Project, ...kinds],
    handlers: () => [
      handle(list, async () => {
        await backend.look('list', 'project');
        return backend.names().map((name) => ({ kind: name.split('/')[0]!, id: name.split('/')[1]! }));
      }),
      handle(remove, async ({ kind, id }) => {
        await backend.change(`remove ${kind}`, id, () => backend.remove(`${kind}/${id}`));
        return null;
      }),
    ],
  });
};
