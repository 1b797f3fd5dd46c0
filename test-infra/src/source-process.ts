import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { bundleOf } from './bundle.ts';

/** What Node needs to run a program of this repository from its TypeScript sources. */
export const sourceArgs = ['--conditions=@troupe/source', '--import=@troupe/test-infra/register'];

/**
 * Starts a program as its sources are now; resolves when it has said something on its standard output, or has ended.
 *
 * @param children holds the process as long as it lives, for a test that ends early
 * @param isOneFile default: true; not for a program that reads files beside its sources
 */
export async function startSource(
  program: URL,
  args: readonly string[],
  {
    children,
    env = process.env,
    isOneFile = true,
  }: { readonly children: Set<ChildProcess>; readonly env?: NodeJS.ProcessEnv; readonly isOneFile?: boolean },
): Promise<ChildProcess> {
  const file = isOneFile ? [bundleOf(program)] : [...sourceArgs, fileURLToPath(program)];
  const child = spawn(process.execPath, [...file, ...args], { stdio: ['ignore', 'pipe', 'inherit'], env });
  children.add(child);
  child.once('exit', () => children.delete(child));
  await Promise.race([once(child.stdout!, 'data'), once(child, 'exit')]);
  return child;
}
