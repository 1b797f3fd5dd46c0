import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { SimulatedCloud } from '@troupe/openstack/internal';

/** The official command line, if this machine has it. */
export function findOpenstackCli(): string | undefined {
  const candidates = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'openstack'));
  return candidates.find((candidate) => {
    try {
      accessSync(candidate, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

export interface CliResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface OpenstackCli extends AsyncDisposable {
  /** Runs a command and gives what it prints as JSON; fails if the command fails. */
  json(...args: readonly string[]): Promise<unknown>;
  /** Runs a command that prints nothing; fails if the command fails. */
  run(...args: readonly string[]): Promise<void>;
  /** Runs a command that may fail. */
  attempt(...args: readonly string[]): Promise<CliResult>;
}

/** The command line as a user of this cloud in the project of the same name, with a home of its own and nothing of the environment of the tests. */
export async function openstackCli(cloud: SimulatedCloud, binary: string, user = 'demo'): Promise<OpenstackCli> {
  const home = await mkdtemp(join(tmpdir(), 'openstack-cli-'));
  const env = {
    PATH: process.env['PATH'],
    HOME: home,
    LANG: 'C.UTF-8',
    OS_AUTH_URL: cloud.authUrl,
    OS_IDENTITY_API_VERSION: '3',
    OS_USERNAME: user,
    OS_PASSWORD: user,
    OS_PROJECT_NAME: user,
    OS_USER_DOMAIN_NAME: 'Default',
    OS_PROJECT_DOMAIN_NAME: 'Default',
    OS_REGION_NAME: 'RegionOne',
  };

  function attempt(...args: readonly string[]): Promise<CliResult> {
    return new Promise((resolve) => {
      execFile(binary, args, { env, cwd: home, timeout: 60_000 }, (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : -1, stdout, stderr });
      });
    });
  }

  async function succeed(args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await attempt(...args);
    if (code !== 0) throw new Error(`openstack ${args.join(' ')} ended with ${code}: ${stderr}`);
    return stdout;
  }

  return {
    attempt,
    json: async (...args) => JSON.parse(await succeed([...args, '-f', 'json'])) as unknown,
    run: async (...args) => void (await succeed(args)),
    [Symbol.asyncDispose]: () => rm(home, { recursive: true, force: true }),
  };
}
