/** What every role is made of: an entity service where it hosts entities, and parts that start in order. */
import { type Behaviour, createService, type Service } from '@troupe/actor';
import { createEntityService, type EntityService, type EntityServiceEvent } from '@troupe/jetstream';
import type { Json } from '@troupe/protocol';
import type { Runtime } from './connect.ts';

export interface RoleOptions<Event> {
  readonly onEvent?: (event: Event) => void;
  /** Records kept in memory when idle. */
  readonly maxResident?: number;
  /** Turns at once. Default 256. */
  readonly maxTurns?: number;
  /** What its turns publish, told before the commit: for counting. A turn that is made again tells it again. Must not throw. */
  readonly told?: Told;
}

export type Told = (topic: readonly string[], body: Json) => void;

export function entityService(
  runtime: Runtime,
  role: string,
  options: Pick<Parameters<typeof createEntityService>[0], 'behaviours' | 'store'> & RoleOptions<EntityServiceEvent>,
): EntityService {
  const { nc, publisher, subjects, topology, hostId } = runtime;
  const { told, behaviours, ...rest } = options;
  return createEntityService({
    nc,
    publisher,
    subjects,
    role,
    hostId,
    serverNow: () => runtime.serverNow(),
    partitions: topology.partitions,
    maxAckPending: topology.maxAckPending,
    ackWaitMs: topology.mailAckWaitMs,
    dedupWindowMs: topology.dedupWindowMs,
    ...rest,
    behaviours: told === undefined ? behaviours : behaviours.map((behaviour) => telling(behaviour, told)),
  });
}

function telling(behaviour: Behaviour, told: Told): Behaviour {
  return {
    ...behaviour,
    receive(state, message, context) {
      const effects = behaviour.receive(state, message, context);
      for (const effect of effects) if (effect.type === 'publish') told(effect.topic, effect.body);
      return effects;
    },
  };
}

/** Starts parts in order, and stops them in the reverse order. */
export async function started(name: string, parts: readonly Service[]): Promise<Service> {
  const service = createService(name, {
    async start() {
      for (const part of parts) await part.start();
    },
    async stop(reason) {
      for (const part of [...parts].reverse()) await part.stop(reason);
    },
  });
  await service.start();
  return service;
}
