/** The worker role as a process of its own; `bin/troupe-worker.mjs` runs it. */
export { loadApp, serve } from '@troupe/runtime';
