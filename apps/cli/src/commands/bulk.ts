/** `troupe retry --all` and `troupe cancel --all`: one verb to all operations that a filter fits. */
import type { BulkResult, Client, OperationFilter } from '@troupe/client';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import type { Io } from '../io.ts';
import { parseCount } from '../parse-args.ts';
import { jsonLine } from '../text.ts';
import { type VerbFlags, whyOf } from './verbs.ts';

export interface BulkFlags extends VerbFlags {
  readonly all?: true;
  readonly dryRun?: true;
  readonly rate?: string;
  readonly executor?: string;
  readonly error?: string;
  readonly resource?: string;
  readonly limit?: string;
}

const TOLD_EVERY = 100;

export async function bulkCommand(
  client: Client,
  verb: 'retry' | 'cancel',
  filter: OperationFilter,
  flags: BulkFlags,
  io: Io,
): Promise<ExitCode> {
  const options = {
    ...filter,
    ...whyOf(flags, io),
    ...(flags.error === undefined ? {} : { error: flags.error }),
    ...(flags.dryRun === undefined ? {} : { dryRun: true }),
    ...(flags.rate === undefined ? {} : { perSecond: parseCount(flags.rate, 'rate') }),
    onProgress({ sent, matched }: { readonly sent: number; readonly matched: number }): void {
      if (flags.json === undefined && sent % TOLD_EVERY === 0) io.err(`${sent} of ${matched}\n`);
    },
  };
  const result = await (verb === 'retry' ? client.retryAll(options) : client.cancelAll(options));
  tell(verb, result, flags, io);
  return exitCodes.ok;
}

function tell(verb: string, { matched, sent }: BulkResult, flags: BulkFlags, io: Io): void {
  if (flags.json === true) io.out(jsonLine({ ordered: verb, matched, sent }));
  else if (flags.dryRun === true) io.out(`${verb} would be ordered for ${matched} operations\n`);
  else io.out(`${verb} ordered for ${sent} of ${matched} operations\n`);
}
