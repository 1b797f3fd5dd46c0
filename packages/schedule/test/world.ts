/** A schedule and its fan-out on virtual time: mail between them, timers, tasks that wait to be answered, records kept through JSON. */
import type { Behaviour, Effect, EntityRecord, Incoming } from '@troupe/actor';
import type { Address, Json, TaskMessage, TaskOutcome } from '@troupe/protocol';
import {
  defineSchedule,
  type EachOptions,
  type ListedPage,
  listedPage,
  type ListingRequest,
  type Outcome,
  schedulerBehaviours,
  type ScheduleOptions,
} from '@troupe/schedule';
import { defineTask } from '@troupe/task';
import type { FanoutRoot, LiveObject, ScheduleRoot } from '@troupe/schedule/internal';

export const HOUR_MS = 3_600_000;
export const START = Date.parse('2026-06-01T00:30:00Z');

const KEY = 'pulls';

export const list = defineTask({
  name: 'instances.list',
  pool: 'app',
  class: 'background',
  idempotent: 'yes',
  output: listedPage,
  retry: { attempts: 2, delays: ['10s'], jitter: 0 },
});
export const pull = defineTask({
  name: 'instance.pull',
  pool: 'app',
  class: 'background',
  idempotent: 'yes',
  retry: { attempts: 2, delays: ['10s'], jitter: 0 },
});

export const hourlyEach = (each: Partial<EachOptions> = {}, more: Partial<ScheduleOptions> = {}): ScheduleOptions =>
  ({ cron: '0 * * * *', each: { list, run: pull, ...each }, ...more }) as ScheduleOptions;

interface Entity {
  readonly key: string;
  readonly behaviour: Behaviour;
  state: unknown;
  root: string | undefined;
  readonly items: Map<string, string>;
  ended: boolean;
}

type Told = 'succeeded' | 'failed' | 'unknown' | 'cancelled';

/** `slow`: mail between the two waits until it is let through. `twice`: every message comes twice, the second time after the next one, with the record read anew. */
export function createWorld(objects: readonly string[], { twice = false, slow = false } = {}) {
  const behaviours = schedulerBehaviours({ minimumInterval: '1s' });
  const entities = new Map<string, Entity>();
  const entityOf = ({ kind, key }: Address): Entity => {
    const name = `${kind}/${key}`;
    let entity = entities.get(name);
    if (entity === undefined) {
      const behaviour = behaviours.find((one) => one.kind === kind)!;
      entity = { behaviour, key, state: behaviour.activate(key, undefined), root: undefined, items: new Map(), ended: false };
      entities.set(name, entity);
    }
    return entity;
  };
  const rootOf = <T>(kind: string, key: string): T => JSON.parse(entityOf({ kind, key }).root!) as T;
  let ids = 0;
  const before = new Map<string, Incoming>();
  let timers: { id: string; at: number; type: string; to: Address }[] = [];
  const mails: { to: Address; message: Incoming }[] = [];

  const world = {
    now: START,
    /** What the listing would find. */
    objects: [...objects],
    /** Sent and not answered. */
    open: [] as TaskMessage[],
    sent: [] as (TaskMessage & { sentAt: number })[],
    signals: [] as Json[],
    /** Mail to operations. */
    ordered: [] as { id: string; type: string; body: Json; from: Address }[],
    events: [] as { what: string; body: Json }[],
    scheduleOf: (key: string): ScheduleRoot => rootOf('schedule', key),
    recordOf(kind: string, key: string): EntityRecord | undefined {
      const { root } = entityOf({ kind, key });
      return root === undefined ? undefined : { root: JSON.parse(root) as Json, items: new Map() };
    },
    get schedule() {
      return world.scheduleOf(KEY);
    },
    get fanout() {
      return rootOf<FanoutRoot & { live: [string, LiveObject][] }>('fanout', KEY);
    },
    get items() {
      return entityOf({ kind: 'fanout', key: KEY }).items;
    },
    get bytes() {
      return Buffer.byteLength(entityOf({ kind: 'fanout', key: KEY }).root ?? '');
    },
    get waitingMails() {
      return mails.length;
    },
    get timers() {
      return timers;
    },
    isEnded: (kind: string): boolean => entityOf({ kind, key: KEY }).ended,
    define: (options: ScheduleOptions, key = KEY): void =>
      world.verb('define', { definition: defineSchedule(options) as unknown as Json }, { kind: 'schedule', key }),
    verb(name: string, body: Json = {}, to: Address = { kind: 'schedule', key: KEY }): void {
      deliver(to, { id: `v${ids++}`, type: `verb.${name}`, body, sender: 'verb', context: {}, storedAt: world.now });
    },
    /** Hosts die: everything but the records is forgotten. */
    rebuild(): void {
      for (const entity of entities.values()) {
        const items = new Map([...entity.items].map(([name, text]) => [name, JSON.parse(text) as Json]));
        entity.state = entity.behaviour.activate(
          entity.key,
          entity.root === undefined ? undefined : { root: JSON.parse(entity.root) as Json, items },
        );
      }
    },
    advance(ms: number): void {
      const end = world.now + ms;
      for (;;) {
        const [first] = [...timers].sort((a, b) => a.at - b.at);
        if (first === undefined || first.at > end) break;
        timers = timers.filter((one) => one !== first);
        world.now = Math.max(world.now, first.at);
        world.fire(first);
      }
      world.now = end;
    },
    fire({ id, type, to }: { id: string; type: string; to: Address }): void {
      deliver(to, { id, type, body: null, sender: 'timer', timer: id, context: {}, storedAt: world.now });
    },
    /** Answers an open task as a worker with a backend would: listings by `page`, objects as told. */
    answer(message: TaskMessage, how: Told = 'succeeded', code = 'backend'): void {
      world.open = world.open.filter((one) => one !== message);
      const output = message.task === list.name ? (page(message.input as unknown as ListingRequest) as unknown as Json) : null;
      const outcomes: Record<Told, TaskOutcome> = {
        succeeded: { kind: 'succeeded', output },
        failed: { kind: 'failed', error: { code, message: 'it broke' } },
        unknown: { kind: 'unknown', error: { code, message: 'who knows' } },
        cancelled: { kind: 'cancelled' },
      };
      world.outcome(message, outcomes[how]);
    },
    outcome(message: TaskMessage, outcome: TaskOutcome): void {
      const { step, attempt, token } = message;
      const body = { step, attempt, token, outcome, worker: 'w', startedAt: 0, endedAt: 0 } as unknown as Json;
      deliver(message.replyTo!, { id: `a${ids++}`, type: 'task.ended', body, sender: 'task-app', context: {}, storedAt: world.now });
    },
    /** As an operation tells who ordered it: `rejected` that it never began. */
    operationEnded(id: string, outcome = 'succeeded', error?: Json): void {
      const { from } = world.ordered.find((one) => one.id === id)!;
      const body = { operation: id, node: id, ...(outcome === 'rejected' ? {} : { outcome }), ...(error === undefined ? {} : { error }) };
      const type = outcome === 'rejected' ? 'child.answered' : 'child.ended';
      const operation = { kind: 'operation', key: id };
      deliver(from, { id: `o${ids++}`, type, body, sender: 'entity', from: operation, context: {}, storedAt: world.now });
    },
    /** Answers whatever is open, listings too, until nothing is; time passes for what waits for it. */
    finish(how: (object: string) => Told = () => 'succeeded', { forMs = 10 * 60_000 } = {}): void {
      for (const end = world.now + forMs; ;) {
        while (world.open.length > 0) {
          const message = world.open[0]!;
          world.answer(message, message.task === list.name ? 'succeeded' : how(objectOf(message)));
          if (world.sent.length > 10_000) throw new Error('it does not come to an end');
        }
        if (world.recordOf('schedule', KEY) === undefined || world.schedule.run === undefined || world.now >= end) return;
        world.advance(200);
      }
    },
    /** Mail between the two; the last ones first where they overtake each other. */
    letThrough(back = mails.length): void {
      const [mail] = mails.splice(Math.max(0, mails.length - back), 1);
      if (mail !== undefined) deliver(mail.to, mail.message);
    },
    objectsSent: (): string[] => world.sent.filter(({ task }) => task === pull.name).map(objectOf),
    decided: (): Outcome[] => world.schedule.outcomes,
  };

  /** Two objects a page unless more are asked for; the cursor is the last key. */
  function page({ cursor, limit }: ListingRequest): ListedPage {
    const rest = world.objects.filter((one) => cursor === undefined || one > cursor).sort();
    const items = rest.slice(0, limit).map((one) => ({ key: one, input: { id: one } }));
    return { items, ...(rest.length > limit ? { cursor: items.at(-1)!.key } : {}) };
  }

  function deliver(to: Address, message: Incoming): void {
    receive(to, message);
    if (twice) {
      world.rebuild();
      const name = `${to.kind}/${to.key}`;
      const late = before.get(name);
      before.set(name, message);
      receive(to, message);
      if (late !== undefined) receive(to, late);
    }
    while (!slow && mails.length > 0) world.letThrough();
  }

  function receive(self: Address, message: Incoming): void {
    const entity = entityOf(self);
    if (entity.behaviour.mayReceive?.(message) === false) throw new Error(`${self.kind} may not receive ${message.type}`);
    const effects = entity.behaviour.receive(entity.state, message, {
      self,
      now: world.now,
      newId: () => `e${ids++}`,
      token: () => `t${ids++}`,
      random: () => 0.5,
    });
    for (const effect of effects) apply(self, entity, effect);
    const root = entity.behaviour.root(entity.state);
    entity.root = root === undefined ? undefined : JSON.stringify(root);
  }

  function apply(self: Address, entity: Entity, effect: Effect): void {
    switch (effect.type) {
      case 'send':
        if (effect.at === undefined && effect.to.kind === 'operation')
          world.ordered.push({ id: effect.to.key, ...effect.mail, from: self });
        else if (effect.at === undefined) {
          const { type, body } = effect.mail;
          const message = { id: `m${ids++}`, type, body, sender: 'entity' as const, from: self, context: {}, storedAt: world.now };
          mails.push({ to: effect.to, message });
        } else timers.push({ id: effect.id!, at: effect.at, type: effect.mail.type, to: self });
        break;
      case 'cancel':
        timers = timers.filter((one) => one.id !== effect.timer);
        break;
      case 'task':
        world.open.push(effect.message);
        world.sent.push({ ...effect.message, sentAt: world.now });
        break;
      case 'signal':
        world.signals.push(effect.body);
        break;
      case 'publish':
        world.events.push({ what: effect.topic.at(-1)!, body: effect.body });
        break;
      case 'putItem':
        entity.items.set(effect.item, JSON.stringify(effect.body));
        break;
      case 'removeItem':
        entity.items.delete(effect.item);
        break;
      case 'end':
        entity.ended = true;
        break;
      case 'reopen':
        entity.ended = false;
        break;
      default:
        throw new Error(`neither has an effect ${effect.type}`);
    }
  }

  return world;
}

/** The object of a task that runs for one. */
export function objectOf({ step }: Pick<TaskMessage, 'step'>): string {
  return step!.slice('object '.length);
}
