export { type Bench, createBench, ROOT_LIMIT_BYTES, START } from './bench.ts';
export { hostile, settled } from './hostile.ts';
export { failure, fatal, success, task } from './workers.ts';
export { big, create, free, look, once, Server, start, steps, tasks, Volume, work } from './kit.ts';
