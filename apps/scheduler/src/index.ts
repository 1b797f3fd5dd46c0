/** The scheduler role as a process of its own; `bin/troupe-scheduler.mjs` runs it. */
export { loadApp, serve } from '@troupe/runtime';
