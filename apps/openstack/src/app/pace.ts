/** How often and when the app looks at the backend. */
import { type Duration, durationMs } from '@troupe/protocol';

export interface Pace {
  /** Between two looks at the backend. Default `5s`. */
  readonly every?: Duration;
  /** Before the first look at a new volume. Default `30s`. */
  readonly volumeDelay?: Duration;
  /** Before a server is created, once its ports are. Default `10s`. */
  readonly serverDelay?: Duration;
  /** Before the first look at a new snapshot. Default `10s`. */
  readonly snapshotDelay?: Duration;
  /** Before the first look at a volume that gets another type. Default `10s`. */
  readonly retypeDelay?: Duration;
  /** Before the first look at, or the removal of, a floating IP. Default `5s`. */
  readonly floatingIpDelay?: Duration;
}

export type FullPace = Required<Pace>;

export const defaultPace: FullPace = {
  every: '5s',
  volumeDelay: '30s',
  serverDelay: '10s',
  snapshotDelay: '10s',
  retypeDelay: '10s',
  floatingIpDelay: '5s',
};

/** A delay of nothing is no timer: the server's would take a quarter of a second. */
export function after(delay: Duration): { after?: Duration } {
  return durationMs(delay, 'pace') === 0 ? {} : { after: delay };
}
