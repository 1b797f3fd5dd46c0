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
/** No call is quicker, however much the day is compressed. */
const LEAST_CALL_MS = 20;

export interface DayModel extends DayOptions {
  readonly dayMs: number;
  providerOf(tenant: number): number;
  /** What a call of a provider comes to, `sinceMs` after the beginning of the compressed day. */
  call(provider: number, n: number, sinceMs: number): { readonly ms: number; readonly fails: 'no' | 'error' | 'outage' };
}

export function createDayModel(options: DayOptions): DayModel {
  const { factor, providers, seed } = options;
  return {
    ...options,
    dayMs: 86_400_000 / factor,
    providerOf: (tenant) => tenant % providers,
    call(provider, n, sinceMs) {
      const told = sinceMs * factor;
      const isDown = provider === providers - 1 && told >= OUTAGE_FROM_MS && told < OUTAGE_FROM_MS + OUTAGE_MS;
      const ms = Math.max(LEAST_CALL_MS, (300 + 2_700 * chance(seed, n, 1)) / factor);
      return { ms, fails: isDown ? 'outage' : chance(seed, n, 2) < ERRORS ? 'error' : 'no' };
    },
  };
}

/** In [0, 1), from three numbers. */
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
