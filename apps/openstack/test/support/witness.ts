import { decodeToken, type ResourceRef } from '@troupe/protocol';
import type { Runtime } from '@troupe/runtime';

export interface SentTask {
  readonly cls: string;
  readonly name: string;
}

/** What went over the wire, as a bystander sees it: task messages, and every version of every row. */
export interface Witness {
  /** Task messages so far, oldest first. */
  tasks(after?: number): readonly SentTask[];
  /** Names of tasks in the order in which they were sent; looks that repeat each other are one. */
  steps(after?: number): string[];
  /** Life-cycle states that a row has had, in order. A row that is gone ends with `removed`. */
  states(ref: ResourceRef): readonly string[];
}

/** A core subscription sees what streams store: nothing of the product is asked. */
export async function createWitness({ nc, subjects }: Pick<Runtime, 'nc' | 'subjects'>): Promise<Witness> {
  const tasks: SentTask[] = [];
  const states = new Map<string, string[]>();
  nc.subscribe(`${subjects.ns}.task.>`, {
    callback(_error, message) {
      const task = subjects.parseTask(message.subject);
      if (task !== undefined) tasks.push({ cls: task.cls, name: task.name });
    },
  });
  nc.subscribe(`$KV.${subjects.buckets.resources}.>`, {
    callback(_error, message) {
      const [kind, id] = message.subject.split('.').slice(-2).map(decodeToken);
      const isGone = (message.headers?.get('KV-Operation') ?? '') !== '';
      const state = isGone ? 'removed' : message.json<{ state: string }>().state;
      const seen = states.get(`${kind}/${id}`) ?? [];
      states.set(`${kind}/${id}`, seen);
      if (seen.at(-1) !== state) seen.push(state);
    },
  });
  await nc.flush();
  return {
    tasks: (after = 0) => tasks.slice(after),
    steps: (after = 0) =>
      tasks.slice(after).flatMap(({ name }, i, all) => (all[i - 1]?.name === name ? [] : [name.replace('openstack.', '')])),
    states: ({ kind, id }) => states.get(`${kind}/${id}`) ?? [],
  };
}
