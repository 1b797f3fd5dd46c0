/** The size of a broker, how a day is compressed, and what its providers answer: seeded, so that the same day comes again. */
export interface DayOptions {
  /** Divides every time of the day: 600 makes it 144 s. */
  readonly factor: number;
  readonly tenants: number;
  readonly providers: number;
  readonly seed: number;
}

export const dayDefaults: DayOptions = Object.freeze({ factor: 600, tenants: 50, providers: 3, seed: 1 });

/** The last provider does not answer for ten minutes of the day, from noon. */
const OUTAGE_FROM_MS = 12 * 3_600_000;
const OUTAGE_MS = 600_000;
const ERRORS = 0.01;
/** Between 0.3 and 3 s. */
const CALL_MS = 1_650;
/** No call is quicker, however much the day is compressed. */
const LEAST_CALL_MS = 20;

export interface DayModel extends DayOptions {
  readonly dayMs: number;
  /** What a provider takes for a call, in the median; it spreads them by itself. */
  readonly callMs: number;
  /** Of the last provider, in milliseconds of the compressed day from its beginning. */
  readonly outage: { readonly startsAtMs: number; readonly forMs: number };
  providerOf(tenant: number): number;
  /** Whether the n-th call of the day comes to an error. */
  isError(n: number): boolean;
}

export function createDayModel(options: DayOptions): DayModel {
  const { factor, providers, seed } = options;
  return {
    ...options,
    dayMs: 86_400_000 / factor,
    callMs: Math.max(LEAST_CALL_MS, CALL_MS / factor),
    outage: { startsAtMs: OUTAGE_FROM_MS / factor, forMs: OUTAGE_MS / factor },
    providerOf: (tenant) => tenant % providers,
    isError: (n) => chance(seed, n) < ERRORS,
  };
}

/** In [0, 1), from a few numbers. */
function chance(...of: readonly number[]): number {
  let x = 0x9e3779b9;
  for (const one of of) {
    x = Math.imul(x ^ one, 0x85ebca6b);
    x ^= x >>> 13;
    x = Math.imul(x, 0xc2b2ae35);
    x ^= x >>> 16;
  }
  return (x >>> 0) / 2 ** 32;
}
