import type { CloudRandom } from './random.ts';

/** Everything on the cloud that takes time. `call` is the answer time of any HTTP call, the others are what a call sets in motion. */
export const latencyNames = [
  'call',
  'volumeCreate',
  'volumeDelete',
  'volumeAttach',
  'volumeDetach',
  'volumeExtend',
  'volumeRetype',
  'snapshotCreate',
  'snapshotDelete',
  'serverCreate',
  'serverDelete',
  'serverStart',
  'serverStop',
  'serverReboot',
  'serverHardReboot',
  'serverResize',
  'serverConfirmResize',
  'serverRevertResize',
  'floatingIpActivate',
] as const;

export type LatencyName = (typeof latencyNames)[number];

/** Milliseconds before jitter and time factor. */
export type Latencies = Record<LatencyName, number>;

export const defaultLatencies: Readonly<Latencies> = Object.freeze({
  call: 0,
  volumeCreate: 1500,
  volumeDelete: 500,
  volumeAttach: 400,
  volumeDetach: 500,
  volumeExtend: 600,
  volumeRetype: 700,
  snapshotCreate: 800,
  snapshotDelete: 400,
  serverCreate: 2500,
  serverDelete: 1000,
  serverStart: 800,
  serverStop: 1000,
  serverReboot: 1200,
  serverHardReboot: 1800,
  serverResize: 1500,
  serverConfirmResize: 400,
  serverRevertResize: 900,
  floatingIpActivate: 300,
});

export interface LatencyBook {
  /** The time for one happening: base × (1 ± jitter) × factor. The same subject always draws the same time. */
  draw(name: LatencyName, ...subject: readonly (string | number)[]): number;
  set(change: Partial<Latencies>): void;
  current(): Latencies;
}

export interface LatencyOptions {
  readonly random: CloudRandom;
  readonly base: Partial<Latencies>;
  /** 0.3 spreads evenly over ± 30 %. */
  readonly jitter: number;
  /** Multiplies every time: 0.02 runs the cloud fifty times quicker. */
  readonly timeFactor: number;
}

export function createLatencyBook({ random, base, jitter, timeFactor }: LatencyOptions): LatencyBook {
  const current: Latencies = { ...defaultLatencies, ...base };
  return {
    draw(name, ...subject) {
      const spread = 1 + jitter * (2 * random.fraction('latency', name, ...subject) - 1);
      return current[name] * spread * timeFactor;
    },
    set: (change) => void Object.assign(current, change),
    current: () => ({ ...current }),
  };
}
