/** `troupe cancel`: orders the end of an operation, and with `--wait` waits for it. */
import type { Client } from '@troupe/client';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import type { Io } from '../io.ts';
import { jsonLine } from '../text.ts';
import { tellEnd } from './execute.ts';

export interface CancelFlags {
  readonly reason?: string;
  readonly by?: string;
  readonly wait?: true;
  readonly json?: true;
}

export async function cancelCommand(client: Client, id: string, flags: CancelFlags, io: Io): Promise<ExitCode> {
  const { reason, by, json } = flags;
  await client.cancel(id, { ...(reason === undefined ? {} : { reason }), ...(by === undefined ? {} : { by }), signal: io.signal });
  io.out(json === true ? jsonLine({ operation: id, ordered: 'cancel' }) : `cancel ordered ${id}\n`);
  if (flags.wait === undefined) return exitCodes.ok;
  const end = await client.follow(id).ended({ signal: io.signal });
  tellEnd(id, end, flags, io);
  // what was wanted is that it is over
  return exitCodes.ok;
}
