/**
 * Finds a nats-server or brings one, and runs it. Plain JavaScript without dependencies: the set-up of the repository runs it before anything is
 * installed, and apps use the same code for their embedded server.
 */
export { NatsServerUnavailable } from './errors.mjs';
export { guardProcess } from './guard.mjs';
export { startNatsServer } from './launch.mjs';
export { resolveNatsServer } from './resolve.mjs';
export { MIN_VERSION } from './version.mjs';

/** @typedef {import('./launch.mjs').LaunchOptions} LaunchOptions */
/** @typedef {import('./launch.mjs').RunningNatsServer} RunningNatsServer */
/** @typedef {import('./resolve.mjs').ResolveOptions} ResolveOptions */
