/** The throttle role as a process of its own; `bin/troupe-throttle.mjs` runs it. */
export { loadApp, serve } from '@troupe/runtime';
