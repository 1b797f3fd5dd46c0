/** For siblings and tests: the simulated cloud that stands in for a real one, and the orders of the demonstration. */
export { type Order, parseOrders, twentyInstances } from './demo/orders.ts';
export { startInstallation } from './demo/installation.ts';
export { dayApp, type DayTally } from './day/app.ts';
export { dayEntries } from './day/entries.ts';
export { createDayModel, dayDefaults, type DayModel } from './day/model.ts';
export { createDayProviders, type DayProviders } from './day/providers.ts';
export { describeDay, isGoodDay } from './day/report.ts';
export { type DayReport, runDay } from './day/run.ts';
export { dayFamilies } from './day/users.ts';
export {
  createAddressPool,
  startCloud,
  objectKinds,
  buildKinds,
  createManualClock,
  createSystemClock,
  defaultLatencies,
  latencyNames,
  transitionNames,
  InvalidCloudOptionError,
  cloudFlags,
  parseCloudFlags,
  defaultQuotas,
  defaultCloudUsers,
} from './cloud/index.ts';
export type {
  AddressPool,
  BuildEvent,
  BuildKind,
  BuildLimits,
  CallEffect,
  CallEntry,
  CallFault,
  CloudClock,
  CloudControl,
  CloudOptions,
  CloudSummary,
  CloudUser,
  Latencies,
  LatencyName,
  ManualClock,
  ObjectCount,
  ObjectKind,
  Outage,
  PerBuildKind,
  Quotas,
  SimulatedCloud,
  TokenRecord,
  TransitionFault,
  TransitionName,
  TransitionOutcome,
} from './cloud/index.ts';
