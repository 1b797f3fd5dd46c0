/** Limits that hold: scopes, leases and waiters as an entity; strict, fair, explainable. */
export { throttleBehaviour, throttleDefaults, type ThrottleOptions } from './behaviour.ts';
export type { AdaptiveLimit, AdaptiveOptions, Observation } from './adaptive.ts';
export {
  createThrottleClient,
  type DrainOptions,
  type RemoteAcquireOptions,
  type ThrottleClient,
  type ThrottleClientOptions,
  type ThrottleConnection,
} from './client.ts';
export {
  explainLease,
  type LeaseExplanation,
  type MaintenanceInfo,
  occupancy,
  type Occupancy,
  type RateShortage,
  type Shortage,
} from './explain.ts';
export type { RemoteLease } from './held-lease.ts';
export type { Lease, Waiter } from './ledger.ts';
export { type LimitOptions, type Need, rootOf } from './limits.ts';
export { createLocalThrottle, type LocalLease, type LocalThrottle, type LocalThrottleOptions } from './local.ts';
export type { HeldLease } from './mail.ts';
export { OUTSIDE, outsideLease } from './outside.ts';
export { checkRate, type Rate, type RateOptions, type Rates } from './rates.ts';
export { throttleStatus, type RateStatus, type ThrottleStatus, type ThrottleStatusOptions } from './status.ts';
export type { ThrottleState } from './state.ts';
