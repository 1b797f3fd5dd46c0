/** The supervisor role as a process of its own; `bin/troupe-supervisor.mjs` runs it. */
export { loadApp, serve } from '@troupe/runtime';
