/** Finds or brings a nats-server and runs it. Plain JavaScript: the set-up runs it before anything is installed. */
export { resolveNatsServer } from './resolve.mjs';
