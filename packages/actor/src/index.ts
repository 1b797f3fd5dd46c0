/** Entities without a transport: behaviours, effects, turns, ports, supervision. No I/O. */
export type { Behaviour, EntityRecord, Incoming, TurnContext } from './behaviour.ts';
export { type Clock, type Random, sleep } from './clock.ts';
export type { DirectEffect, Effect, FleetingEffect, PendingEffect, SinkEffect } from './effects.ts';
export { createFreezeGuard, type FreezeGuard } from './freeze-guard.ts';
export { createEntityHost } from './host.ts';
export type { EntityHost, HostEvent, HostOptions } from './host-types.ts';
export { installProbe, probe, type Probe, type ProbeName } from './probe.ts';
export { createService, type Service, type ServiceState } from './service.ts';
export type {
  AppliedWrite,
  Fence,
  ResourceChange,
  ResourceRecord,
  ResourceStore,
  ResourceWrite,
  WriteEnded,
  WriteOutcome,
  WriteRefusal,
} from './store.ts';
export { systemClock } from './system-clock.ts';
export { systemRandom } from './system-random.ts';
