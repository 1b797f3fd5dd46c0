import { defineApp } from '@troupe/runtime';
import { defineTask, Fatal, handle } from '@troupe/task';

const work = (cls: 'regular' | 'background') => [
  defineTask({ name: `${cls}.good`, class: cls, idempotent: 'yes' }),
  defineTask({ name: `${cls}.bad`, class: cls, idempotent: 'yes' }),
];
export const tasks = [...work('regular'), ...work('background')];

export const app = defineApp({
  name: 'log',
  executors: [],
  tasks,
  handlers: () =>
    tasks.map((task) =>
      handle(task, (_input, { log }) => {
        log(`at ${task.name}`);
        if (task.name.endsWith('bad')) throw new Fatal('broken');
      }),
    ),
});
