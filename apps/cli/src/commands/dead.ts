/** `troupe dead list|show|replay`: what could not be handled, and sending it again. */
import type { Client, StoredDeadLetter } from '@troupe/client';
import { isTroupeError, toWireError, TroupeError } from '@troupe/protocol';
import { exitCodeOf, exitCodes, type ExitCode } from '../exit-codes.ts';
import type { Io } from '../io.ts';
import { parseCount } from '../parse-args.ts';
import { age, errorText, jsonLine, printable, table, time } from '../text.ts';

export interface DeadListFlags {
  readonly origin?: string;
  readonly limit?: string;
  readonly open?: true;
  readonly json?: true;
}

export async function deadListCommand(client: Client, flags: DeadListFlags, io: Io): Promise<ExitCode> {
  const { origin, limit, open } = flags;
  const all = await client.deadLetters({
    ...(origin === undefined ? {} : { origin: origin.split('/') }),
    ...(limit === undefined ? {} : { limit: parseCount(limit, 'limit') }),
    signal: io.signal,
  });
  const letters = open === true ? all.filter(({ replayed }) => replayed?.isDone !== true) : all;
  if (flags.json === true) for (const letter of letters) io.out(jsonLine(letter));
  else if (letters.length === 0) io.err('no dead letters\n');
  else io.out(table([['NO', 'AGE', 'ORIGIN', 'REASON', 'REPLAYED', 'ERROR'], ...letters.map((letter) => row(letter, io.now()))]));
  return exitCodes.ok;
}

function row(letter: StoredDeadLetter, now: number): string[] {
  const { sequence, at, origin, reason, error } = letter;
  return [String(sequence), age(at, now), printable(origin.join('/')), printable(reason), replayedText(letter), printable(error.message)];
}

function replayedText({ replayed }: StoredDeadLetter): string {
  return replayed === undefined ? '-' : replayed.isDone ? 'yes' : 'begun';
}

export async function deadShowCommand(client: Client, no: number, flags: { readonly json?: true }, io: Io): Promise<ExitCode> {
  const letter = await client.deadLetter(no);
  if (letter === undefined) throw new TroupeError('unknown_letter', `there is no dead letter ${no}`, { field: 'sequence' });
  io.out(flags.json === true ? jsonLine(letter) : page(letter));
  return exitCodes.ok;
}

function page(letter: StoredDeadLetter): string {
  const { replayed, omittedBytes, encoding } = letter;
  const facts: [string, string | undefined][] = [
    ['dead letter', String(letter.sequence)],
    ['buried', time(letter.at)],
    ['origin', letter.origin.join('/')],
    ['reason', letter.reason],
    ['error', errorText(letter.error)],
    ['attempts', String(letter.attempts)],
    [
      'replayed',
      replayed && `${replayed.isDone ? '' : 'begun '}${time(replayed.at)}${replayed.by === undefined ? '' : ` by ${replayed.by}`}`,
    ],
    ['subject', letter.subject],
    ...Object.entries(letter.headers).map(([name, value]): [string, string] => ['header', `${name}: ${value}`]),
    [
      'body',
      omittedBytes === undefined ? `${letter.body}${encoding === undefined ? '' : ` (${encoding})`}` : `not kept: ${omittedBytes} bytes`,
    ],
  ];
  return table(facts.flatMap(([name, value]) => (value === undefined ? [] : [[name, printable(value)]])));
}

export interface DeadReplayFlags {
  readonly by?: string;
  readonly json?: true;
}

/** One after the other; a letter that cannot be sent again does not keep the next ones back. */
export async function deadReplayCommand(client: Client, numbers: readonly number[], flags: DeadReplayFlags, io: Io): Promise<ExitCode> {
  let code: ExitCode = exitCodes.ok;
  for (const no of numbers) {
    try {
      const options = { ...(flags.by === undefined ? {} : { by: flags.by }), signal: io.signal };
      const { subject, already, at } = await client.replayDeadLetter(no, options);
      if (flags.json === true) io.out(jsonLine({ sequence: no, subject, already, at }));
      else io.out(already ? `already replayed ${no} at ${time(at)}\n` : `replayed ${no} to ${printable(subject)}\n`);
    } catch (error) {
      if (!isTroupeError(error) || numbers.length === 1 || io.signal.aborted) throw error;
      const { stack: _, ...wire } = toWireError(error);
      io.err(flags.json === true ? jsonLine({ sequence: no, error: wire }) : `troupe: dead letter ${no}: ${printable(errorText(wire))}\n`);
      code = exitCodeOf(error);
    }
  }
  return code;
}

/** `throttle/provider-1`: the kind has no slash, the key may. */
export async function releaseCommand(client: Client, entity: string, flags: DeadReplayFlags, io: Io): Promise<ExitCode> {
  const slash = entity.indexOf('/');
  if (slash < 1 || slash === entity.length - 1)
    throw new TroupeError('invalid_options', `entity: ${entity} is not kind/key`, { field: 'entity' });
  const of = { kind: entity.slice(0, slash), key: entity.slice(slash + 1) };
  await client.release(of, { ...(flags.by === undefined ? {} : { by: flags.by }), signal: io.signal });
  io.out(flags.json === true ? jsonLine({ entity: of, ordered: 'release' }) : `release ordered ${printable(entity)}\n`);
  return exitCodes.ok;
}
