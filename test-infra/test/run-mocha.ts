/** Runs a fixture in a mocha of its own and reads what it reports. */
import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const mocha = join(dirname(createRequire(import.meta.url).resolve('mocha/package.json')), 'bin', 'mocha.js');

export interface Report {
  readonly code: number;
  readonly stderr: string;
  readonly passes: readonly string[];
  readonly pending: readonly string[];
  readonly failures: readonly { title: string; message: string; stack: string }[];
}

interface Row {
  fullTitle: string;
  err: { message?: string; stack?: string };
}

export function runMocha(fixture: string, env: NodeJS.ProcessEnv = {}): Promise<Report> {
  // without the root's configuration: what it requires would be required twice, its time limit is for tests
  const args = [
    mocha,
    '--no-config',
    ...['conditions=@troupe/source', 'import=@troupe/test-infra/register'].flatMap((option) => ['--node-option', option]),
    ...['--require', '@troupe/test-infra/mocha', '--timeout', '10000', '--reporter', 'json', `test/fixtures/${fixture}`],
  ];
  const { TEST_NATS_URL: _, CI: __, ...outer } = process.env;
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: join(here, '..'), env: { ...outer, ...env } }, (error, stdout, stderr) => {
      const start = stdout.indexOf('{\n');
      const report = start < 0 ? {} : (JSON.parse(stdout.slice(start)) as Record<string, Row[]>);
      const titles = (rows: Row[] | undefined) => (rows ?? []).map((row) => row.fullTitle);
      resolve({
        code: error ? Number(error.code) : 0,
        stderr,
        passes: titles(report['passes']),
        pending: titles(report['pending']),
        failures: (report['failures'] ?? []).map((row) => ({
          title: row.fullTitle,
          message: row.err.message ?? '',
          stack: row.err.stack ?? '',
        })),
      });
    });
  });
}
