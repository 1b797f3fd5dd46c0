/** `troupe topology`: compares streams and consumers with what the code needs, and repairs them. */
import { isDenied } from '@troupe/client/internal';
import { applyTopology, connectNats, readTopology, type TopologyOptions, type TopologyStep } from '@troupe/jetstream';
import { createSubjects, isTroupeError, TroupeError } from '@troupe/protocol';
import { loadApp, poolsOf } from '@troupe/runtime';
import { connectOptions, type ConnectionValues } from '../connection.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import type { Io } from '../io.ts';
import { parseCount } from '../parse-args.ts';
import { jsonLine, oneLine } from '../text.ts';

export interface TopologyFlags {
  readonly app?: string;
  readonly pools?: string;
  readonly partitions?: string;
  readonly replicas?: string;
  readonly storage?: string;
  readonly json?: true;
}

export async function topologyOptions(flags: TopologyFlags, ns: string | undefined): Promise<TopologyOptions> {
  const { partitions, replicas, storage } = flags;
  const named = await poolsFrom(flags);
  return {
    subjects: createSubjects(ns),
    ...(named === undefined ? {} : { pools: named }),
    ...(partitions === undefined ? {} : { partitions: parseCount(partitions, 'partitions') }),
    ...(replicas === undefined ? {} : { replicas: replicasOf(replicas) }),
    ...(storage === undefined ? {} : { storage: storageOf(storage) }),
  };
}

/** The pools of an app, or those that are named; undefined = neither flag is there. */
export async function poolsFrom({ app, pools }: Pick<TopologyFlags, 'app' | 'pools'>): Promise<string[] | undefined> {
  if (app !== undefined && pools !== undefined) throw wrong('pools', 'excludes app: an app has the pools of its tasks');
  const named = app === undefined ? pools?.split(',').map((pool) => pool.trim()) : poolsOf(await loadApp(app));
  if (named?.includes('') === true) throw wrong('pools', 'a pool has a name');
  return named;
}

export async function topologyCommand(
  what: 'plan' | 'apply',
  values: ConnectionValues,
  options: TopologyOptions,
  flags: TopologyFlags,
  io: Io,
): Promise<ExitCode> {
  const nc = await connectNats(connectOptions(values));
  try {
    const steps = what === 'plan' ? await readTopology(nc, options) : await applyTopology(nc, options);
    tell(steps, what, flags, io);
    return steps.some((step) => step.action === 'mismatch') ? exitCodes.unavailable : exitCodes.ok;
  } catch (error) {
    if (isTroupeError(error)) throw error;
    if (isDenied(error)) throw new TroupeError('not_permitted', 'this user may not read or change streams', { cause: error });
    const reason = error instanceof Error ? error.message : String(error);
    throw new TroupeError('unavailable', `the server does not do it: ${reason}`, { retryable: true, cause: error });
  } finally {
    await nc.close();
  }
}

function tell(steps: readonly TopologyStep[], what: 'plan' | 'apply', flags: TopologyFlags, io: Io): void {
  if (flags.json === true) {
    for (const step of steps) io.out(jsonLine(step));
    return;
  }
  for (const step of steps) io.out(`${line(step, what)}\n`);
  if (steps.length === 0) io.out('streams and consumers are as they should be\n');
}

function line({ action, what: kind, stream, consumer, differences }: TopologyStep, what: 'plan' | 'apply'): string {
  const verb = action === 'mismatch' ? 'mismatch: no update repairs' : what === 'plan' ? action : `${action}d`;
  const place = consumer === undefined ? stream : `${stream}/${consumer}`;
  const changes = differences.map(
    ({ field, is, wanted }) => `${field} is ${oneLine((is ?? null) as never)}, wanted ${oneLine((wanted ?? null) as never)}`,
  );
  return `${verb} ${kind} ${place}${changes.length === 0 ? '' : `: ${changes.join('; ')}`}`;
}

function replicasOf(text: string): 1 | 3 | 5 {
  const found = ([1, 3, 5] as const).find((n) => String(n) === text);
  if (found === undefined) throw wrong('replicas', 'must be 1, 3 or 5');
  return found;
}

function storageOf(text: string): 'file' | 'memory' {
  if (text !== 'file' && text !== 'memory') throw wrong('storage', 'must be file or memory');
  return text;
}

function wrong(field: string, rule: string): TroupeError {
  return new TroupeError('invalid_options', `${field}: ${rule}`, { field });
}
