import { defineApp } from '@troupe/runtime';
import { defineTask, handle } from '@troupe/task';

const tasks = ['small', 'large'].map((pool) => defineTask({ name: `${pool}.task`, pool, idempotent: 'yes' }));

export const app = defineApp({ name: 'two pools', executors: [], tasks, handlers: () => tasks.map((task) => handle(task, () => null)) });
