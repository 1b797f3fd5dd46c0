/** `troupe throttle`: what a root holds back and why, and what people change on it. */
import type { Client, ReasonedOptions, Throttles } from '@troupe/client';
import { type Duration, formatMs, TroupeError } from '@troupe/protocol';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import type { Io } from '../io.ts';
import { parseLimit } from '../parse-args.ts';
import { jsonLine, printable, table } from '../text.ts';

type Status = NonNullable<Awaited<ReturnType<Throttles['show']>>>;
type Rate = Parameters<Throttles['setRate']>[2];

export interface ThrottleShowFlags {
  readonly waiters?: string;
  readonly json?: true;
}

export async function throttleShowCommand(
  client: Client,
  root: string,
  options: { readonly waiters?: number },
  flags: ThrottleShowFlags,
  io: Io,
): Promise<ExitCode> {
  const status = await client.throttles.show(root, options);
  // JSON has no infinity: a level that has no limit says none
  if (flags.json === true) io.out(jsonLine(status === undefined ? null : JSON.parse(JSON.stringify(status))));
  else if (status === undefined) io.err(`nobody has used ${printable(root)} yet\n`);
  else io.out(page(status));
  return exitCodes.ok;
}

function page({ limits, rates, maintenance, held, waiting, waiters }: Status): string {
  const parts = maintenance.map(({ path, sinceMs, by, reason, leases }) => {
    const why = `${by === undefined ? '' : ` by ${by}`}${reason === undefined ? '' : `: ${reason}`}`;
    const left = leases === 0 ? 'empty' : `${leases} still held there`;
    return `${printable(`${path} is in maintenance for ${formatMs(sinceMs)}${why}`)}; ${left}\n`;
  });
  if (limits.length > 0) {
    const rows = limits.map(({ path, kind, used, limit, waiting: n }) => [
      path,
      kind,
      Number.isFinite(limit) ? `${used} of ${limit}` : `${used}`,
      `${n}`,
    ]);
    parts.push(table([['SCOPE', 'KIND', 'USED', 'WAITING'], ...rows.map((row) => row.map(printable))]));
  }
  if (rates.length > 0) {
    const rows = rates.map(({ path, name, rate, spent, waiting: n }) => [path, name, rate, `${spent}`, `${n}`]);
    parts.push(table([['SCOPE', 'RATE', 'IS', 'SPENT', 'WAITING'], ...rows.map((row) => row.map(printable))]));
  }
  parts.push(`${held} held, ${waiting} waiting\n`, ...waiters.map(({ lease, text }) => `  ${printable(`${lease}: ${text}`)}\n`));
  return parts.join('');
}

export interface OrderFlags {
  readonly by?: string;
  readonly reason?: string;
  readonly json?: true;
}

/** Done when it is stored; the throttle does it also if it is down now. */
export async function throttleOrderCommand(
  scope: string,
  what: string,
  flags: OrderFlags,
  io: Io,
  send: (why: ReasonedOptions) => Promise<void>,
): Promise<ExitCode> {
  const { by, reason } = flags;
  await send({ ...(by === undefined ? {} : { by }), ...(reason === undefined ? {} : { reason }), signal: io.signal });
  io.out(flags.json === true ? jsonLine({ scope, ordered: what }) : `${printable(what)} ordered ${printable(scope)}\n`);
  return exitCodes.ok;
}

export interface RateFlags {
  readonly bucket?: string;
  readonly refill?: string;
  readonly every?: string;
  readonly window?: string;
  readonly most?: string;
  readonly default?: true;
}

/** Throws `invalid_options` where the flags are none of the three forms. */
export function rateOf({ bucket, refill, every, window, most, default: isDefault }: RateFlags): Rate {
  const given = [bucket, refill, every, window, most].filter((flag) => flag !== undefined).length;
  if (isDefault === true && given === 0) return null;
  if (bucket !== undefined && refill !== undefined && every !== undefined && given === 3 && isDefault === undefined)
    return { bucket: parseLimit(bucket, 'bucket'), refill: parseLimit(refill, 'refill'), every: every as Duration };
  if (window !== undefined && most !== undefined && given === 2 && isDefault === undefined)
    return { window: window as Duration, most: parseLimit(most, 'most') };
  const message = 'a rate is --bucket, --refill and --every, or --window and --most, or --default';
  throw new TroupeError('invalid_options', message, { field: 'rate' });
}
