// What is exported is declared, and described, in index.d.mts; the files here are checked against it.
export { NatsServerUnavailable } from './errors.mjs';
export { guardProcess } from './guard.mjs';
export { startNatsServer } from './launch.mjs';
export { resolveNatsServer } from './resolve.mjs';
export { MIN_VERSION } from './version.mjs';
