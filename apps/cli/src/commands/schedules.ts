/** `troupe schedules` and `troupe schedule …`: what runs periodically, and why it does not. */
import type { Client, ScheduleInfo } from '@troupe/client';
import { formatMs } from '@troupe/protocol';
import type { ScheduleOptions } from '@troupe/schedule';
import type { DefineFlags } from '../schedule-definition.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import type { Io } from '../io.ts';
import { parseCount } from '../parse-args.ts';
import { jsonLine, oneLine, printable, table, time } from '../text.ts';

export interface SchedulesFlags {
  readonly deleted?: true;
  readonly limit?: string;
  readonly json?: true;
}

export async function schedulesCommand(client: Client, { deleted, limit, json }: SchedulesFlags, io: Io): Promise<ExitCode> {
  const found = await client.schedules.list({
    signal: io.signal,
    ...(deleted === undefined ? {} : { deleted }),
    ...(limit === undefined ? {} : { limit: parseCount(limit, 'limit') }),
  });
  if (json === true) for (const info of found) io.out(jsonLine(info));
  else if (found.length === 0) io.err('no schedules\n');
  else io.out(table([['KEY', 'STATUS', 'NEXT', 'BEHIND', 'FAILURES', 'RUNS', 'NOW'], ...found.map(row)]));
  return exitCodes.ok;
}

function row(info: ScheduleInfo): string[] {
  const [next] = info.next;
  const status = info.quarantine === undefined ? info.status : 'quarantined';
  return [
    printable(info.key),
    status,
    next === undefined ? '-' : time(next),
    behindOf(info),
    String(info.failures),
    printable(whatOf(info)),
    printable(info.text),
  ];
}

/** Since when the oldest nominal time is due that no run has succeeded for; `!` where its alarm has been raised. */
function behindOf({ behindMs, isAlarmed }: ScheduleInfo): string {
  return behindMs === 0 ? '-' : `${formatMs(behindMs)}${isAlarmed === true ? ' !' : ''}`;
}

/** What a run of it does. */
function whatOf({ definition }: ScheduleInfo): string {
  const { task, each, execute, retain } = definition ?? {};
  if (retain !== undefined) return `makes and keeps ${retain.kind}`;
  if (execute !== undefined) return `operation ${execute.executor}`;
  if (each === undefined) return `task ${task?.name ?? ''}`;
  const what = each.run === undefined ? `operation ${each.execute?.executor ?? ''}` : `task ${each.run.name}`;
  return `${what} for each of ${each.list.name}`;
}

export async function scheduleShowCommand(client: Client, key: string, flags: { readonly json?: true }, io: Io): Promise<ExitCode> {
  const info = await client.schedules.explain(key);
  io.out(flags.json === true ? jsonLine(info) : page(info));
  return exitCodes.ok;
}

function page(info: ScheduleInfo): string {
  const { timing = null, task, each, execute, retain, ...policies } = info.definition ?? {};
  const code = info.code && `the app ${info.code.app}${info.code.isChanged ? ', and changed by people since' : ''}`;
  const resources = execute?.resources ?? (execute?.resource === undefined ? [] : [execute.resource]);
  const facts: [string, string | undefined][] = [
    ['schedule', info.key],
    ['status', info.status],
    ['quarantine', info.quarantine],
    ['why', info.text],
    ['timing', oneLine(timing as never)],
    ['runs', whatOf(info)],
    ['resources', resources.map(({ kind, id }) => `${kind}/${id}`).join(', ') || undefined],
    ['input', oneLine((task ?? each ?? execute ?? retain)?.input ?? null)],
    ['policies', Object.keys(policies).length === 0 ? undefined : oneLine(policies as never)],
    ['defined by', code ?? 'people'],
    ['failures', String(info.failures)],
    ['behind', info.behindMs === 0 ? undefined : behindOf(info)],
    ['paused until', info.pausedUntil === undefined ? undefined : time(info.pausedUntil)],
    ...info.next.map((at): [string, string] => ['next', time(at)]),
  ];
  const outcomes = info.outcomes.map(({ nominal, count, what, ended, operation, error }) =>
    [
      nominal === undefined ? 'asked for' : time(nominal),
      `${what}${count === undefined ? '' : ` (${count})`}`,
      ended ?? '',
      operation ?? '',
      error ?? '',
    ].map((cell) => printable(cell)),
  );
  const head = table(facts.flatMap(([name, value]) => (value === undefined ? [] : [[name, printable(value)]])));
  return outcomes.length === 0 ? head : `${head}\n${table([['NOMINAL', 'WHAT', 'ENDED', 'OPERATION', 'ERROR'], ...outcomes])}`;
}

export async function scheduleNextCommand(
  client: Client,
  key: string,
  flags: { readonly count?: string; readonly json?: true },
  io: Io,
): Promise<ExitCode> {
  const times = await client.schedules.next(key, flags.count === undefined ? undefined : parseCount(flags.count, 'count'));
  if (flags.json === true) io.out(jsonLine({ schedule: key, next: times }));
  else for (const at of times) io.out(`${time(at)}\n`);
  return exitCodes.ok;
}

export const scheduleVerbs = ['pause', 'resume', 'run', 'delete'] as const;

export async function scheduleVerbCommand(
  client: Client,
  key: string,
  verb: (typeof scheduleVerbs)[number],
  { by, reason, json }: { readonly by?: string; readonly reason?: string; readonly json?: true },
  io: Io,
): Promise<ExitCode> {
  const why = { ...(by === undefined ? {} : { by }), ...(reason === undefined ? {} : { reason }), signal: io.signal };
  const { schedules } = client;
  const send = { pause: schedules.pause, resume: schedules.resume, run: schedules.runNow, delete: schedules.delete };
  await send[verb](key, why);
  io.out(json === true ? jsonLine({ schedule: key, ordered: verb }) : `${verb} ordered ${printable(key)}\n`);
  return exitCodes.ok;
}

export async function scheduleDefineCommand(
  client: Client,
  key: string,
  options: ScheduleOptions,
  { by, json }: DefineFlags,
  io: Io,
): Promise<ExitCode> {
  await client.schedules.define(key, options, { ...(by === undefined ? {} : { by }), signal: io.signal });
  const { next, text } = await client.schedules.explain(key);
  io.out(json === true ? jsonLine({ schedule: key, defined: true, next }) : `defined ${printable(key)}: ${printable(text)}\n`);
  return exitCodes.ok;
}
