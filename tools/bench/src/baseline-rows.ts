/**
 * The rows of the throttle baseline: so many instances with so many volumes each, where the cloud takes four builds of a kind at
 * once. The figures of before are those of a model of the system that Troupe succeeds: it looked every 5 s whether a place
 * was free, gave up after 25 min, and counted instances and volumes one after the other. All times here are divided by fifty.
 */
export const LIMIT = 4;
export const DIVISOR = 50;
/** Seconds at full length: a volume from its token to its readiness, a machine from the last volume to its end. */
const VOLUME = 75;
const MACHINE = 70;
const SLOW_MACHINE = 300;

export interface Row {
  readonly name: string;
  readonly instances: number;
  readonly volumes: number;
  readonly machineSeconds: number;
  /** Of before: how many failed, and when the last one ended, as far as that was said. */
  readonly before: { readonly failed: number; readonly endSeconds?: number };
}

const row = (instances: number, volumes: number, failed: number, endSeconds?: number, machineSeconds = MACHINE): Row => ({
  name: `${instances}×${volumes}${machineSeconds === SLOW_MACHINE ? ', boots of 5 min' : ''}`,
  instances,
  volumes,
  machineSeconds,
  before: { failed, ...(endSeconds === undefined ? {} : { endSeconds }) },
});

export const rows: readonly Row[] = [
  row(1, 2, 0),
  row(4, 2, 0, 297),
  row(5, 2, 3, 1_647),
  row(10, 2, 8),
  row(20, 2, 18, 1_647),
  row(60, 2, 58),
  row(60, 1, 5),
  row(120, 1, 65),
  row(40, 1, 20, undefined, SLOW_MACHINE),
];

/** The one that `--check` runs: the least of those in which operations failed before. */
export const checkRow = rows[2]!;

/** All-or-nothing and strict, with the return of the volume tokens when the volumes are ready: 20×2 may take so long, not longer. */
export const TWENTY_BY_TWO_SECONDS = 866;

/**
 * Milliseconds on the cloud. What a plan adds, makes the times of the model: delays, calls, and looks, which come on the grid of a quarter of a
 * second on which a nats-server fires timers: 12.5 s at full length. The row 1×2 shows what it comes to.
 */
export const latencies = ({ machineSeconds }: Row) => ({
  volumeCreate: ((VOLUME - 15) * 1_000) / DIVISOR,
  serverCreate: ((machineSeconds - 27.5) * 1_000) / DIVISOR,
  call: 20,
});

/**
 * The least possible, seconds at full length: an instance token is held for all of its instance, volume tokens until the
 * volumes are ready. Whichever of the two is the bottleneck decides; the last machine boots alone.
 */
export function leastSeconds({ instances, volumes, machineSeconds }: Row): number {
  const atOnce = Math.floor(LIMIT / volumes);
  const byVolumes = Math.ceil(instances / atOnce) * VOLUME + machineSeconds;
  const byInstances = Math.ceil(instances / LIMIT) * (VOLUME + machineSeconds);
  return Math.max(byVolumes, byInstances);
}
