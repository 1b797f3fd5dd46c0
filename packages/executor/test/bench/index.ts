export { type Bench, type BenchOptions, createBench, ROOT_LIMIT_BYTES, START, travel } from './bench.ts';
export { type Faulty, hostile, settled } from './hostile.ts';
export { failure, fatal, success, task } from './workers.ts';
export { big, create, free, look, once, type Ran, Server, start, steps, tasks, Volume, work } from './kit.ts';
