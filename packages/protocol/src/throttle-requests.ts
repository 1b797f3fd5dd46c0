/**
 * What programs outside ask the door of throttles, on `ns.throttle.<root>.<request>`, and what it answers. One request, one answer: who is
 * queued asks again under the same lease, which keeps the place.
 */
import type { WireError } from './errors.ts';
import { asBoolean, asInteger, asNumber, asObject, asText, type Fields, wrong } from './fields.ts';
import type { Json } from './json.ts';
import { decodeObject } from './parse.ts';
import { asKind, asNeed, asScope, asTokens } from './throttle-fields.ts';

export const throttleRequests = ['acquire', 'renew', 'release', 'observe', 'explain', 'limit', 'rate', 'maintenance'] as const;
export type ThrottleRequestKind = (typeof throttleRequests)[number];

/** Milliseconds. A lease that is not renewed ends after `ttlMs`; the answer to an acquire comes after `waitMs` at the latest. */
export const throttleTimes = Object.freeze({ ttlMs: 60_000, leastTtlMs: 1_000, mostTtlMs: 3_600_000, waitMs: 10_000, mostWaitMs: 30_000 });
export const LEASE_LIMIT_CHARS = 200;

type Need = Readonly<Record<string, number>>;

interface OfLease {
  readonly v: 1;
  /** Chosen by the holder: the same again is the same lease. */
  readonly lease: string;
  /** Who holds it, shown to people; whoever names another one is another. Default: the lease. */
  readonly holder?: string;
}

export interface AcquireRequest extends OfLease {
  readonly scope: string;
  readonly need?: Need;
  readonly spend?: Need;
  readonly priority?: number;
  readonly share?: string;
  /** A lease of the same holder and root, inside of which it is asked: its need must be covered by that, and for rates it goes before others. */
  readonly within?: string;
  readonly ttlMs?: number;
  readonly waitMs?: number;
}

export interface RenewRequest extends OfLease {
  readonly fence: number;
  readonly ttlMs?: number;
}

export interface ReleaseRequest extends OfLease {
  /** Absent: whatever it has, be it a place in the queue. */
  readonly fence?: number;
  /** A part. */
  readonly need?: Need;
}

/** How the backend did, for limits that adapt themselves. */
export interface ObserveRequest extends OfLease {
  readonly fence: number;
  /** It said that it has too much to do. */
  readonly refused?: boolean;
  readonly latencyMs?: number;
}

export interface ExplainRequest {
  readonly v: 1;
  /** Absent: all of the root. */
  readonly lease?: string;
}

export interface LimitRequest {
  readonly v: 1;
  readonly scope: string;
  readonly kind: string;
  /** 0 pauses; null is what is configured. */
  readonly limit: number | null;
  readonly by?: string;
}

export interface RateRequest {
  readonly v: 1;
  readonly scope: string;
  readonly name: string;
  /** Durations such as `30s`, whole; null is what is configured. */
  readonly rate:
    | { readonly bucket: number; readonly refill: number; readonly every: string }
    | { readonly window: string; readonly most: number }
    | null;
  readonly by?: string;
}

export interface MaintenanceRequest {
  readonly v: 1;
  readonly scope: string;
  /** True: nothing more is granted there and below. */
  readonly on: boolean;
  readonly by?: string;
  readonly reason?: string;
}

/** Of operators. */
export type ThrottleOrder = LimitRequest | RateRequest | MaintenanceRequest;
export type ThrottleRequest = AcquireRequest | RenewRequest | ReleaseRequest | ObserveRequest | ExplainRequest | ThrottleOrder;

export type ThrottleAnswer = { readonly v: 1 } & (
  | { readonly answer: 'granted'; readonly lease: string; readonly fence: number; readonly scope: string; readonly need: Need }
  /** Ask again; `ahead` wait for the same before it. */
  | { readonly answer: 'queued'; readonly lease: string; readonly ahead: number }
  | { readonly answer: 'renewed'; readonly lease: string; readonly fence: number }
  /** It has expired or was given back, or another lease has its name now. */
  | { readonly answer: 'lost'; readonly lease: string }
  /** `held`: it was held until now, under that fence. */
  | { readonly answer: 'released'; readonly lease: string; readonly held: boolean }
  /** `held`: it was held under that fence; else it was not heard. */
  | { readonly answer: 'observed'; readonly lease: string; readonly held: boolean }
  | { readonly answer: 'explained'; readonly explanation: Json }
  | { readonly answer: 'ordered' }
  /** Nothing has happened, unless the error is `retryable`: then nobody can tell, and asking again is right. */
  | { readonly answer: 'refused'; readonly error: WireError }
);

export const throttleAnswers = [
  'granted',
  'queued',
  'renewed',
  'lost',
  'released',
  'observed',
  'explained',
  'ordered',
  'refused',
] as const satisfies readonly ThrottleAnswer['answer'][];

/** Reads a request. Throws `malformed` or `unsupported_version`. */
export function parseThrottleRequest(kind: ThrottleRequestKind, data: Uint8Array): ThrottleRequest {
  const f = decodeObject(data, kind);
  if (kind === 'explain') {
    if (f['lease'] !== undefined) asText(f['lease'], kind, 'lease', LEASE_LIMIT_CHARS);
    return f as unknown as ExplainRequest;
  }
  if (kind === 'limit' || kind === 'rate' || kind === 'maintenance') return parseOrder(kind, f);
  asText(f['lease'], kind, 'lease', LEASE_LIMIT_CHARS);
  if (f['holder'] !== undefined) asText(f['holder'], kind, 'holder', LEASE_LIMIT_CHARS);
  if (f['ttlMs'] !== undefined) checkMs(f, kind, 'ttlMs', throttleTimes.leastTtlMs, throttleTimes.mostTtlMs);
  if (f['waitMs'] !== undefined) checkMs(f, kind, 'waitMs', 0, throttleTimes.mostWaitMs);
  if (f['need'] !== undefined) asNeed(f['need'], kind, 'need');
  if (f['spend'] !== undefined) asNeed(f['spend'], kind, 'spend');
  if (kind === 'acquire') {
    asScope(f['scope'], kind);
    if (f['need'] === undefined && f['spend'] === undefined) throw wrong(kind, 'need', 'must name at least one kind');
    if (f['priority'] !== undefined) asNumber(f['priority'], kind, 'priority');
    if (f['share'] !== undefined) asText(f['share'], kind, 'share', LEASE_LIMIT_CHARS);
    if (f['within'] !== undefined) asText(f['within'], kind, 'within', LEASE_LIMIT_CHARS);
  } else if (kind !== 'release' || f['fence'] !== undefined) asInteger(f['fence'], kind, 'fence', 1);
  if (kind === 'observe') {
    if (f['refused'] !== undefined) asBoolean(f['refused'], kind, 'refused');
    if (f['latencyMs'] !== undefined) asNumber(f['latencyMs'], kind, 'latencyMs', 0);
  }
  return f as unknown as ThrottleRequest;
}

function parseOrder(kind: 'limit' | 'rate' | 'maintenance', f: Fields): ThrottleOrder {
  asScope(f['scope'], kind);
  if (f['by'] !== undefined) asText(f['by'], kind, 'by', LEASE_LIMIT_CHARS);
  if (kind === 'limit') {
    asKind(f['kind'], kind);
    if (f['limit'] !== null) asTokens(f['limit'], kind, 'limit', 0);
  } else if (kind === 'rate') {
    asKind(f['name'], kind, 'name');
    if (f['rate'] !== null) checkRateFields(asObject(f['rate'], kind, 'rate'), kind);
  } else {
    asBoolean(f['on'], kind, 'on');
    if (f['reason'] !== undefined) asText(f['reason'], kind, 'reason', LEASE_LIMIT_CHARS);
  }
  return f as unknown as ThrottleOrder;
}

function checkRateFields(rate: Fields, kind: string): void {
  const isWindow = rate['window'] !== undefined;
  for (const name of isWindow ? ['most'] : ['bucket', 'refill']) asTokens(rate[name], kind, `rate.${name}`, 0);
  const time = isWindow ? 'window' : 'every';
  if (!SPAN.test(asText(rate[time], kind, `rate.${time}`))) throw wrong(kind, `rate.${time}`, 'must be a whole duration such as 30s');
}

/** A whole duration on the wire. */
export const SPAN_PATTERN = '^[1-9][0-9]{0,11}(ms|s|m|h|d)$';
const SPAN = new RegExp(SPAN_PATTERN, 'u');

/** Reads an answer as far as a client needs it. Throws `malformed` or `unsupported_version`. */
export function parseThrottleAnswer(data: Uint8Array): ThrottleAnswer {
  const f = decodeObject(data, 'answer of a throttle');
  if (!(throttleAnswers as readonly unknown[]).includes(f['answer']))
    throw wrong('answer of a throttle', 'answer', `must be one of ${throttleAnswers.join(', ')}`);
  if (f['answer'] === 'granted') asInteger(f['fence'], 'answer of a throttle', 'fence', 1);
  if (f['answer'] === 'refused')
    asText(asObject(f['error'], 'answer of a throttle', 'error')['code'], 'answer of a throttle', 'error.code');
  return f as unknown as ThrottleAnswer;
}

function checkMs(f: Fields, what: string, field: string, least: number, most: number): void {
  if (asInteger(f[field], what, field, least) > most) throw wrong(what, field, `must be ${most} or less`);
}
