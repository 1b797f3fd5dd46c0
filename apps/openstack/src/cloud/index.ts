/**
 * A simulated OpenStack cloud over HTTP, for starts, tests and benchmarks.
 *
 * ```ts
 * await using cloud = await startCloud({ seed: 7, buildLimits: { instance: 4, volume: 4 } });
 * // OS_AUTH_URL=cloud.authUrl, OS_USERNAME=demo, OS_PASSWORD=demo, OS_PROJECT_NAME=demo …
 * console.log(cloud.control.summary().peak);
 * ```
 */
export { startCloud } from './cloud.ts';
export type { SimulatedCloud } from './cloud.ts';
export { objectKinds } from './control.ts';
export type { CloudControl, CloudSummary, ObjectCount, ObjectKind, PerBuildKind } from './control.ts';
export { buildKinds } from './core/builds.ts';
export type { BuildEvent, BuildKind, BuildLimits } from './core/builds.ts';
export type { CallEffect, CallFault, Outage } from './core/call-faults.ts';
export type { CallEntry } from './core/call-log.ts';
export { createManualClock, createSystemClock } from './core/clock.ts';
export type { CloudClock, ManualClock } from './core/clock.ts';
export { defaultLatencies, latencyNames } from './core/latency.ts';
export type { Latencies, LatencyName } from './core/latency.ts';
export type { TokenRecord } from './core/token-ledger.ts';
export { transitionNames } from './core/transition-faults.ts';
export type { TransitionFault, TransitionName, TransitionOutcome } from './core/transition-faults.ts';
export { InvalidCloudOptionError } from './errors.ts';
export { cloudFlags, parseCloudFlags } from './flags.ts';
export { createAddressPool } from './model/address-pool.ts';
export type { AddressPool } from './model/address-pool.ts';
export { defaultQuotas } from './model/quotas.ts';
export type { Quotas } from './model/quotas.ts';
export { defaultCloudUsers } from './options.ts';
export type { CloudOptions, CloudUser } from './options.ts';
