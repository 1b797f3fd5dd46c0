/** `troupe queues`: how much waits, and for how long. */
import type { Backlog, Client, Queues } from '@troupe/client';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import type { Io } from '../io.ts';
import { duration, jsonLine, printable, table, time } from '../text.ts';

export async function queuesCommand(client: Client, flags: { readonly json?: true }, io: Io): Promise<ExitCode> {
  const queues = await client.queues();
  io.out(flags.json === true ? jsonLine(queues) : page(queues));
  return exitCodes.ok;
}

function page({ tasks, commands, mail, throttles, deadLetters }: Queues): string {
  const rows = [
    ['QUEUE', 'WAITING', 'OLDEST', 'TAKEN', 'OLDEST'],
    ['commands', ...cells(commands)],
    ['mail', String(mail.waiting)],
    ...tasks.map((one) => [printable(`${one.class} ${one.pool}`), ...cells(one)]),
    ['dead letters', String(deadLetters.count)],
  ];
  return table(rows) + throttles.map(throttle).join('') + dead(deadLetters.newest);
}

function cells({ waiting, taken, oldestWaitingMs, oldestTakenMs }: Backlog): string[] {
  return [String(waiting), duration(oldestWaitingMs), String(taken), duration(oldestTakenMs)];
}

function throttle({ root, limits, waiting, waiters, maintenance }: Queues['throttles'][number]): string {
  const used = limits.map(({ path, kind, used: n, limit, waiting: queued }) => [
    '',
    printable(path),
    printable(kind),
    Number.isFinite(limit) ? `${n} of ${limit}` : `${n}`,
    queued === 0 ? '' : `${queued} wait`,
  ]);
  const queue = waiters.map(({ lease, text, sinceMs }) => ['', printable(lease), duration(sinceMs), printable(text)]);
  const more = waiting > waiters.length ? `  and ${waiting - waiters.length} more\n` : '';
  const shut = maintenance.map(
    ({ path, reason }) => `  ${printable(path)} is closed${reason === undefined ? '' : `: ${printable(reason)}`}\n`,
  );
  return `\nthrottle ${printable(root)}\n${shut.join('')}${table(used)}${table(queue)}${more}`;
}

function dead(letters: Queues['deadLetters']['newest']): string {
  if (letters.length === 0) return '';
  return `\nnewest dead letters\n${table(letters.map(({ sequence, at, origin, reason }) => ['', String(sequence), time(at), printable(origin.join('/')), printable(reason)]))}`;
}
