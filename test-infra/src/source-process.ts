import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { bundleOf } from './bundle.ts';

/** What Node needs to run a program of this repository from its TypeScript sources. */
export const sourceArgs = ['--conditions=@troupe/source', '--import=@troupe/test-infra/register'];

/**
 * Starts a program as its sources are now; resolves when it has said something on its standard output, or has ended.
 *
 * @param children holds the process as long as it lives, for a test that ends early
 */
export async function startSource(
  program: URL,
  args: readonly string[],
  { children, env = process.env }: { readonly children: Set<ChildProcess>; readonly env?: NodeJS.ProcessEnv },
): Promise<ChildProcess> {
  const child = spawn(process.execPath, [bundleOf(program), ...args], { stdio: ['ignore', 'pipe', 'inherit'], env });
  children.add(child);
  child.once('exit', () => children.delete(child));
  await Promise.race([once(child.stdout!, 'data'), once(child, 'exit')]);
  return child;
}
