// For node's --import in tests: TypeScript through tsx's ESM hook only (its CommonJS hook would make mocha load specs as CommonJS:
// two instances of a module, wrong coverage), and mocha is made to import() specs instead of require() them, so that a missing export is
// reported as just that. The second line leans on mocha's internals, which is why mocha is pinned.
import { isMainThread } from 'node:worker_threads';
import 'tsx/esm';
Object.defineProperty(process.features, 'require_module', { value: false, configurable: true });
// tsx leaves threads alone on Node 20, and a handler in a thread of its own is TypeScript here
if (!isMainThread) (await import('tsx/esm/api')).register();
