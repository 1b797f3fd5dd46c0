/** `troupe cancel`, `pause`, `resume`, `skip`, `kill` and `signal`: orders to an operation. With `--wait` they wait for its end. */
import { sleep, systemClock } from '@troupe/actor';
import type { Client, OperationInfo } from '@troupe/client';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import type { Io } from '../io.ts';
import { jsonLine } from '../text.ts';
import { tellEnd } from './execute.ts';

export interface VerbFlags {
  readonly reason?: string;
  readonly by?: string;
  readonly wait?: true;
  readonly json?: true;
}

export async function verbCommand(
  client: Client,
  id: string,
  verb: { readonly name: string; readonly about: string | undefined; send(): Promise<void> },
  flags: VerbFlags,
  io: Io,
): Promise<ExitCode> {
  // an operation that has ended is over at once: what is waited for is the end after this order
  const before = verb.name === 'retry' && flags.wait === true ? retriesOf(await client.operation(id)) : undefined;
  await verb.send();
  const about = verb.about === undefined ? '' : ` ${verb.about}`;
  io.out(flags.json === true ? jsonLine({ operation: id, ordered: verb.name }) : `${verb.name}${about} ordered ${id}\n`);
  if (flags.wait === undefined) return exitCodes.ok;
  if (before !== undefined) await untilFolded(client, id, before, io);
  const end = await client.follow(id).ended({ signal: io.signal });
  const code = tellEnd(id, end, flags, io);
  // of an operation that is to end, what was wanted is that it is over
  return verb.name === 'cancel' || verb.name === 'kill' ? exitCodes.ok : code;
}

const LOOK_MS = 100;

async function untilFolded(client: Client, id: string, before: string, io: Io): Promise<void> {
  while (retriesOf(await client.operation(id)) === before) await sleep(systemClock, LOOK_MS, io.signal);
}

/** What changes as soon as a retry has been folded, whether it was taken or refused. */
function retriesOf(info: OperationInfo | undefined): string {
  return (info?.audit ?? []).flatMap((one) => (one.verb === 'retry' ? [one.at] : [])).join();
}

/** What goes with every verb. */
export function whyOf({ reason, by }: VerbFlags, io: Io): { reason?: string; by?: string; signal: AbortSignal } {
  return { ...(reason === undefined ? {} : { reason }), ...(by === undefined ? {} : { by }), signal: io.signal };
}
