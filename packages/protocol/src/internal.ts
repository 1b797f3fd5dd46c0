/** For sibling packages and the tools of the repository. */
export { allSchemas, channels } from './async-api.ts';
export { wireFiles } from './wire-files.ts';
