/** The options of a handler that runs in a thread of its own. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { onlyKnown, refuse, wholeNumber } from './options.ts';

/**
 * A handler that runs in a thread of its own: work that computes for long, or a library that may end its process. Each
 * attempt starts a thread and loads the module into it.
 */
export interface IsolatedHandler {
  readonly isolate: true;
  /** Exports the handler, in any of its forms. Input, context and output pass as data, by structured clone. */
  readonly module: URL;
  /** Name of the export. Default `handler`. */
  readonly export?: string;
  /** Limit of its heap in MiB, 16 to 65536; the thread that passes it has crashed. Default 512. */
  readonly memoryMb?: number;
}

/** Where a handler that is isolated lies, and how much it may use. */
export interface Isolation {
  readonly module: URL;
  readonly export: string;
  readonly memoryMb: number;
}

const DEFAULT_MEMORY_MB = 512;
const MIN_MEMORY_MB = 16;
const MAX_MEMORY_MB = 65_536;

/** Throws `invalid_options` that names the field. A module that is not there is found when the worker starts, not at the first task. */
export function isolation(given: IsolatedHandler): Isolation {
  onlyKnown(given, { isolate: true, module: true, export: true, memoryMb: true }, 'handler');
  const { module, export: name = 'handler', memoryMb = DEFAULT_MEMORY_MB } = given;
  if (given.isolate !== true) refuse('isolate', 'must be true');
  if (!(module instanceof URL)) refuse('module', 'must be a URL, such as new URL("./my-handler.js", import.meta.url)');
  if (module.protocol === 'file:' && !existsSync(fileURLToPath(module))) refuse('module', `${module.href} is not there`);
  if (typeof name !== 'string' || name === '') refuse('export', 'must be the name of an export');
  return Object.freeze({ module, export: name, memoryMb: wholeNumber(memoryMb, 'memoryMb', MIN_MEMORY_MB, MAX_MEMORY_MB) });
}
