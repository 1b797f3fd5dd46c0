/**
 * Processes around a broker in memory: each role has replicas, a dead one is started again under a new name, and time
 * runs until nothing is left to do. Everything is drawn from one seed, so a failed run is told by that number.
 */
import { type Behaviour, createEntityHost, type HostEvent, type HostOptions } from '@troupe/actor';
import type { Faults, PortCall } from './faults.ts';
import { createMemoryBroker, type MemoryBroker, type MemoryBrokerOptions, type MemoryPorts } from './memory/broker.ts';
import type { SeededRandom } from './seeded-random.ts';
import type { VirtualClock } from './virtual-clock.ts';

export interface RoleOptions {
  readonly name: string;
  /** Processes of this role at once. Default 1. */
  readonly replicas?: number;
  /** Starts one process. What it throws or rejects with is a defect. */
  start(ports: MemoryPorts, around: { readonly random: SeededRandom; readonly broker: MemoryBroker }): void | Promise<void>;
}

export interface ClusterOptions extends Omit<MemoryBrokerOptions, 'clock'> {
  readonly roles: readonly RoleOptions[];
  /** A dead process is started again after so long. Default 500. */
  readonly restartMs?: number;
  /** Called after every step of time; throws what is broken. */
  readonly invariant?: (cluster: Cluster) => void;
  /** Keeps a line per port call, to compare two runs. Default false: it grows with the run. */
  readonly trace?: boolean;
}

export interface Cluster {
  readonly broker: MemoryBroker;
  readonly clock: VirtualClock;
  readonly seed: number;
  /** Names of the living processes. */
  processes(): readonly string[];
  /** Kills a process, or a random one of the role; it is started again after `restartMs`. False if there was none. */
  kill(nameOrRole: string): boolean;
  /** Kills all processes at once, as a power cut does. */
  killAll(): void;
  /** How many have died so far, by a fault or by `kill`. */
  readonly deaths: number;
  /** Runs until `done`, or throws with the seed and with what waits. `limitMs` of virtual time; default 1 day. */
  runUntil(done: () => boolean, limitMs?: number): Promise<void>;
  /** Runs until no mail, timer or task is left. */
  runUntilQuiet(limitMs?: number): Promise<void>;
  tick(ms: number): Promise<void>;
  readonly trace: readonly string[];
}

interface Member {
  readonly role: RoleOptions;
  readonly replica: number;
  readonly ports: MemoryPorts;
}

const DAY_MS = 86_400_000;

/** Starts every role. Throws nothing; what a role throws is a defect, which the next step of time throws. */
export function createCluster(options: ClusterOptions): Cluster {
  const seed = options.seed ?? 1;
  const trace: string[] = [];
  const broker = createMemoryBroker({ ...options, seed, ...(options.trace === true ? { faults: traced(options.faults, trace) } : {}) });
  const { clock } = broker;
  const members = new Map<string, Member>();
  const starts = new Map<string, number>();
  let deaths = 0;

  const start = (role: RoleOptions, replica: number): void => {
    const slot = `${role.name}-${replica}`;
    const life = (starts.get(slot) ?? 0) + 1;
    starts.set(slot, life);
    // each life draws from a source of its own: a new process repeats nothing of the dead one
    const name = life === 1 ? slot : `${slot}.${life}`;
    const ports = broker.process(name);
    members.set(name, { role, replica, ports });
    ports.process.onKill(() => {
      deaths++;
      members.delete(name);
      clock.setTimer(options.restartMs ?? 500, () => start(role, replica));
    });
    const started = async (): Promise<void> => role.start(ports, { random: broker.random.fork(name), broker });
    started().catch((error: unknown) => broker.defect(error));
  };

  const fail = (cause: unknown): never => {
    const waiting = broker.describe();
    const lines =
      waiting.length === 0
        ? ['nothing waits']
        : [...waiting.slice(0, 20), ...(waiting.length > 20 ? [`and ${waiting.length - 20} more`] : [])];
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new Error([`seed ${seed}, ${new Date(clock.now()).toISOString()}: ${message}`, ...lines].join('\n  '), { cause });
  };

  const cluster: Cluster = {
    broker,
    clock,
    seed,
    processes: () => [...members.keys()],
    kill(nameOrRole) {
      const named = members.get(nameOrRole);
      const ofRole = [...members.values()].filter((member) => member.role.name === nameOrRole);
      const victim = named ?? (ofRole.length === 0 ? undefined : broker.random.pick(ofRole));
      victim?.ports.process.kill();
      return victim !== undefined;
    },
    killAll() {
      for (const member of [...members.values()]) member.ports.process.kill();
    },
    get deaths() {
      return deaths;
    },
    async runUntil(done, limitMs = DAY_MS) {
      try {
        await clock.runUntil(() => {
          check(cluster, options.invariant);
          return done();
        }, limitMs);
      } catch (cause) {
        fail(cause);
      }
    },
    runUntilQuiet: (limitMs) => cluster.runUntil(() => broker.isQuiet, limitMs),
    async tick(ms) {
      const end = clock.now() + ms;
      clock.setTimer(ms, () => undefined);
      await cluster.runUntil(() => clock.now() >= end, ms + 1);
    },
    trace,
  };

  for (const role of options.roles) for (let i = 1; i <= (role.replicas ?? 1); i++) start(role, i);
  return cluster;
}

function check(cluster: Cluster, invariant: ClusterOptions['invariant']): void {
  const [defect] = cluster.broker.defects;
  if (defect !== undefined) throw defect;
  invariant?.(cluster);
}

function traced(faults: Faults | undefined, trace: string[]): Faults {
  return (call: PortCall) => {
    const fault = faults?.(call) ?? 'none';
    trace.push(`${call.n} ${call.client} ${call.name}${fault === 'none' ? '' : ` ${fault}`}`);
    return fault;
  };
}

export interface EntityRoleOptions {
  readonly name: string;
  readonly replicas?: number;
  /** Made anew for every process: a behaviour of a dead one must not live on. */
  behaviours(): readonly Behaviour[];
  readonly host?: Partial<Pick<HostOptions, 'supervision' | 'maxResident' | 'limits'>>;
  readonly onEvent?: (event: HostEvent) => void;
}

/** A role that hosts entities. */
export function entityRole(options: EntityRoleOptions): RoleOptions {
  return {
    name: options.name,
    ...(options.replicas === undefined ? {} : { replicas: options.replicas }),
    start(ports, { random, broker }) {
      const behaviours = options.behaviours();
      const host = createEntityHost({
        behaviours,
        records: ports.records,
        effects: ports.effects,
        inputs: ports.inputs,
        clock: ports.process.clock,
        random,
        dedupWindowMs: broker.dedupWindowMs,
        ackWaitMs: broker.ackWaitMs,
        ...options.host,
        onEvent(event) {
          // in production its message is buried and the entity quarantined; a rehearsal is there to find it before
          if (event.type === 'messageFailed' && event.error.code === 'state_too_large') broker.defect(new Error(event.error.message));
          options.onEvent?.(event);
        },
      });
      ports.serve(
        behaviours.map((behaviour) => behaviour.kind),
        (delivery) => host.deliver(delivery),
      );
    },
  };
}
