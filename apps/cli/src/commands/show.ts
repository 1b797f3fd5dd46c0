/** `troupe show`: all that is known of one operation. */
import type { Client, OperationInfo } from '@troupe/client';
import { TroupeError } from '@troupe/protocol';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import type { Io } from '../io.ts';
import { age, errorText, jsonLine, oneLine, printable, table, time } from '../text.ts';
import { stateOf } from './operations.ts';

export async function showCommand(client: Client, id: string, flags: { readonly json?: true }, io: Io): Promise<ExitCode> {
  const info = await client.operation(id);
  if (info === undefined) throw new TroupeError('unknown_operation', `no operation ${id} is known`, { field: 'id' });
  io.out(flags.json === true ? jsonLine(info) : page(info, io.now()));
  return exitCodes.ok;
}

function page(info: OperationInfo, now: number): string {
  const facts: [string, string | undefined][] = [
    ['operation', info.id],
    ['executor', info.executor],
    ['state', `${stateOf(info)}${info.isExpired === true ? ', its record has expired' : ''}`],
    ['quarantine', info.quarantine && `${info.quarantine.reason}, since ${time(info.quarantine.at)}, message ${info.quarantine.message}`],
    ['class', info.class],
    ['parent', info.parent],
    ['schedule', info.schedule],
    ['action', info.action === undefined || info.action === '' ? undefined : info.action],
    ['resources', info.resources.map(({ kind, id, state }) => `${kind}/${id} ${state}`).join(', ') || undefined],
    ['created', info.createdAt === '' ? undefined : `${info.createdAt}, ${age(Date.parse(info.createdAt), now)} ago`],
    ['accepted', info.acceptedAt === undefined ? undefined : time(info.acceptedAt)],
    ['ended', info.endedAt === undefined ? undefined : time(info.endedAt)],
    ['deadline', info.deadline === undefined || info.outcome !== undefined ? undefined : time(info.deadline)],
    ['paused', info.paused && `since ${time(info.paused.since)}${why(info.paused)}`],
    ['taking back', info.isUndoing === true ? 'what was done is being taken back' : undefined],
    ['not taken back', info.left?.join(', ')],
    ['steps', `${info.steps.done} of ${info.steps.total}`],
    ['failed step', info.failedStep],
    ['error', info.error && errorText(info.error)],
    ['said to users', info.error?.userMessage],
    ['output', info.output === undefined ? undefined : oneLine(info.output)],
    [
      'orphans',
      info.orphans
        ?.map(({ kind, id, backendId, error }) => `${kind}/${id} (${backendId}${error === undefined ? '' : `: ${error.message}`})`)
        .join(', '),
    ],
  ];
  const shown = facts.flatMap(([name, value]) => (value === undefined ? [] : [[name, printable(value)]]));
  return table(shown) + section('under way', current(info, now)) + section('errors', log(info)) + section('verbs', verbs(info));
}

function section(title: string, rows: readonly (readonly string[])[]): string {
  return rows.length === 0 ? '' : `\n${title}\n${table(rows.map((row) => ['', ...row]))}`;
}

function current(info: OperationInfo, now: number): string[][] {
  return info.current.map(({ name, type, phase, since, attempt, progress }) => [
    printable(name),
    `${type} ${phase}`,
    `since ${age(since, now)}`,
    `${attempt === undefined ? '' : `attempt ${attempt}`}${progress === undefined ? '' : ` ${printable(progress)}`}`.trim(),
  ]);
}

function why({ by, reason }: { readonly by?: string; readonly reason?: string }): string {
  return `${by === undefined ? '' : ` by ${by}`}${reason === undefined ? '' : `: ${reason}`}`;
}

function verbs(info: OperationInfo): string[][] {
  return (info.audit ?? []).map((one) => [time(one.at), one.verb, printable(`${one.step ?? ''}${why(one)}`.trim())]);
}

function log(info: OperationInfo): string[][] {
  return info.log.map(({ at, step, attempt, error }) => [
    time(at),
    printable(step ?? '-'),
    attempt === undefined ? '' : `attempt ${attempt}`,
    printable(errorText(error)),
  ]);
}
