/**
 * Drives the behaviour with everything around it in memory: virtual time, recorded effects, a store with the real rules
 * of fencing, throttles, workers. Seeded: the same seed gives the same order of messages.
 *
 * It can make life hard: every message twice, in any order, and the working state rebuilt from the record (as JSON)
 * between any two messages.
 */
import type { Behaviour, Effect, Incoming, ResourceRecord } from '@troupe/actor';
import type { Address, Answer, Command, Context, Json, TaskMessage, TaskOutcome } from '@troupe/protocol';
import {
  type ExecutorDefinition,
  executorsByName,
  judgeCommand,
  operationBehaviour,
  type OperationOptions,
  operationView,
  type OperationView,
} from '@troupe/executor';
import type { OperationRoot, OperationState } from '@troupe/executor/internal';
import type { TaskContract } from '@troupe/task';
import type { Entity } from './entity.ts';
import { createScopes, type Scopes } from './scopes.ts';
import { createStore, type Store } from './store.ts';
import { createWorkers, type Handler, type Workers } from './workers.ts';

export const ROOT_LIMIT_BYTES = 65_536;

export interface BenchOptions extends Partial<OperationOptions> {
  readonly executors: readonly ExecutorDefinition[];
  readonly tasks?: readonly TaskContract[];
  readonly seed?: number;
  /** Every message is delivered a second time, later. */
  readonly twice?: boolean;
  /** Messages that wait are delivered in any order. */
  readonly shuffle?: boolean;
  /** The working state is thrown away before every message. */
  readonly rebuild?: boolean;
  /** Cancelled timers fire all the same. */
  readonly lateCancels?: boolean;
  readonly limits?: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

interface Letter {
  readonly to: Address;
  readonly message: Incoming;
}

interface Timer extends Letter {
  readonly at: number;
  cancelled?: true;
}

export interface Bench {
  readonly store: Store;
  readonly scopes: Scopes;
  readonly workers: Workers;
  readonly answers: Answer[];
  readonly events: { readonly topic: readonly string[]; readonly body: Json }[];
  /** What left, in order, one line each. */
  readonly trace: string[];
  readonly entities: Map<string, Entity>;
  readonly timers: Timer[];
  readonly signals: Json[];
  /** Roots written: their number, bytes, and the largest. */
  readonly written: { turns: number; bytes: number; largest: number };
  readonly now: number;
  random(): number;
  on(task: string, handler: Handler): void;
  /** Judges and sends a command, as the front door does. */
  command(executor: string, options?: Partial<Command> & { readonly context?: Context }): Promise<string>;
  mail(key: string, type: string, body: object, sender?: Incoming['sender'], from?: Address): void;
  cancel(key: string): void;
  /** The record of an operation expires. */
  forget(key: string): void;
  /** A timer that means nothing to anybody, so that time passes. */
  later(at: number, key: string): void;
  /** Hosts are replaced by ones with other definitions. */
  deploy(definitions: Partial<OperationOptions>): void;
  /** One message, or the next timer; false when nothing is left. */
  step(): boolean;
  /** Until nothing is left to do; `until` stops earlier. */
  run(until?: () => boolean): void;
  view(key: string): OperationView;
  /** Undefined as long as there is no record. */
  seen(key: string): OperationView | undefined;
  root(key: string): OperationRoot;
  record(kind: string, id: string): ResourceRecord | undefined;
  lastAnswer(key: string): Answer | undefined;
}

export const START = Date.parse('2030-01-01T00:00:00Z');

export function createBench(options: BenchOptions): Bench {
  let behaviour: Behaviour<OperationState> = operationBehaviour(options);
  const random = mulberry(options.seed ?? 1);
  const entities = new Map<string, Entity>();
  const queue: Letter[] = [];
  const timers: Timer[] = [];
  const trace: string[] = [];
  const answers: Answer[] = [];
  const events: Bench['events'] = [];
  const signals: Json[] = [];
  const written = { turns: 0, bytes: 0, largest: 0 };
  let now = START;
  let revision = 1_000;
  let letters = 0;

  const post = (to: Address, message: Incoming): void => {
    queue.push({ to, message: travel(message) });
    if (options.twice === true) queue.push({ to, message: travel(message) });
  };
  const mail = (to: Address, type: string, body: object, sender: Incoming['sender'], from?: Address, context: Context = {}): void =>
    post(to, {
      id: `letter-${letters++}`,
      type,
      body: body as Json,
      sender,
      context,
      storedAt: now,
      ...(from === undefined ? {} : { from }),
    });
  const later = (at: number, to: Address, message: Incoming): void => void timers.push({ at, to, message: travel(message) });

  const store = createStore(() => now);
  const scopes = createScopes(options.limits ?? {}, (to, type, body, scope) => mail(to, type, body, 'entity', scope));
  const workers = createWorkers(
    (to, pool, ended, delayMs) => {
      const message: Incoming = {
        id: `letter-${letters++}`,
        type: 'task.ended',
        body: ended as unknown as Json,
        sender: `task-${pool}`,
        context: {},
        storedAt: now,
      };
      if (delayMs === 0) post(to, message);
      else later(now + delayMs, to, message);
    },
    () => now,
  );

  const entity = (key: string): Entity => {
    let found = entities.get(key);
    if (found === undefined) {
      found = {
        key,
        state: undefined,
        text: undefined,
        get root() {
          return this.text === undefined ? undefined : (JSON.parse(this.text) as Json);
        },
        items: new Map(),
        putNow: new Set(),
        effects: 0,
        activations: 0,
        ended: false,
      };
      entities.set(key, found);
    }
    return found;
  };

  const activate = (one: Entity): OperationState => {
    one.activations++;
    const { root } = one;
    return behaviour.activate(one.key, root === undefined ? undefined : { root, items: travelMap(one.items) });
  };

  const turn = (one: Entity, message: Incoming): void => {
    if (behaviour.mayReceive?.(message) === false) {
      trace.push(`refused ${message.sender} ${message.type}`);
      return;
    }
    if (options.rebuild === true || one.state === undefined) one.state = activate(one);
    const nonce = `n${one.activations}`;
    const effects = behaviour.receive(one.state, message, {
      self: { kind: 'operation', key: one.key },
      now,
      newId: () => `operation/${one.key}@${nonce}.${one.effects++}`,
      token: () => `token-${Math.floor(random() * 1e9).toString(36)}-${one.effects++}`,
      random,
    });
    const root = behaviour.root(one.state);
    const text = root === undefined ? undefined : JSON.stringify(root);
    if (text !== one.text || effects.length > 0) {
      revision++;
      written.turns++;
      written.bytes += text?.length ?? 0;
      written.largest = Math.max(written.largest, text?.length ?? 0);
      if ((text?.length ?? 0) >= ROOT_LIMIT_BYTES) throw new Error(`the root of ${one.key} has ${text?.length} bytes`);
    }
    one.text = text;
    const outcomes: Incoming[] = [];
    one.putNow.clear();
    for (const effect of effects) emit(one, effect, message, revision, outcomes);
    // as the host does: the outcomes of writes are folded before anything else of this entity
    for (const outcome of outcomes) {
      turn(one, outcome);
      if (options.twice === true) post({ kind: 'operation', key: one.key }, outcome);
    }
  };

  const emit = (one: Entity, effect: Effect, cause: Incoming, turnRevision: number, outcomes: Incoming[]): void => {
    const from = { kind: 'operation', key: one.key };
    switch (effect.type) {
      case 'putItem':
        one.putNow.add(effect.item);
        one.items.set(effect.item, travel(effect.body));
        return;
      case 'removeItem':
        one.items.delete(effect.item);
        return;
      case 'send': {
        const context = effect.context ?? cause.context;
        if (effect.at !== undefined) {
          trace.push(`timer ${effect.mail.type}`);
          if (effect.id === undefined) throw new Error('a timer without an id');
          later(effect.at, effect.to, {
            id: effect.id,
            timer: effect.id,
            type: effect.mail.type,
            body: effect.mail.body,
            sender: 'timer',
            context,
            storedAt: effect.at,
          });
          return;
        }
        trace.push(`send ${effect.to.kind}/${effect.to.key} ${effect.mail.type}`);
        if (effect.to.kind === 'throttle') {
          scopes.receive(effect.mail.type, travel(effect.mail.body) as never, from);
          if (options.twice === true) scopes.receive(effect.mail.type, travel(effect.mail.body) as never, from);
        } else mail(effect.to, effect.mail.type, effect.mail.body as object, 'entity', from, context);
        return;
      }
      case 'cancel': {
        const timer = timers.find((t) => t.message.timer === effect.timer);
        if (timer !== undefined) timer.cancelled = true;
        return;
      }
      case 'task': {
        const { message } = effect;
        trace.push(`task ${effect.class} ${message.step}#${message.attempt}${message.reconcile === true ? ' reconcile' : ''}`);
        workers.receive(
          travel(message as unknown as Json) as unknown as TaskMessage,
          effect.class,
          effect.context ?? cause.context,
          options.twice === true ? 2 : 1,
        );
        return;
      }
      case 'write': {
        const id = effect.id ?? `operation/${one.key}@w.${one.effects++}`;
        const outcome = store.write(travel(effect.write as unknown as Json) as never, { turn: turnRevision, effect: id });
        trace.push(`write ${describeWrite(effect.write)}${outcome.ok ? '' : ` ${outcome.reason}`}`);
        outcomes.push({
          id: `${id}!`,
          type: 'write.ended',
          body: travel({ effect: id, outcome } as unknown as Json),
          sender: 'host',
          context: {},
          storedAt: now,
        });
        return;
      }
      case 'publish':
        trace.push(`event ${effect.topic.at(-1)}`);
        events.push({ topic: effect.topic, body: travel(effect.body) });
        return;
      case 'answer':
        trace.push(`answer ${effect.answer.answer}`);
        answers.push(travel(effect.answer as unknown as Json) as unknown as Answer);
        return;
      case 'signal':
        signals.push(effect.body);
        return;
      case 'end': {
        one.ended = true;
        // as the host does: what this turn has put stays if it says so
        for (const item of one.items.keys()) if (!one.putNow.has(item) || effect.keep?.includes(item) !== true) one.items.delete(item);
        return;
      }
      case 'reopen':
        one.ended = false;
        return;
      default:
        throw new Error(`an operation has no business with ${effect.type}`);
    }
  };

  const step = (): boolean => {
    if (queue.length > 0) {
      const index = options.shuffle === true ? Math.floor(random() * queue.length) : 0;
      const [letter] = queue.splice(index, 1);
      turn(entity(letter!.to.key), letter!.message);
      return true;
    }
    if (workers.idle > 0) {
      workers.work(options.shuffle === true ? random : undefined);
      return true;
    }
    let due: Timer | undefined;
    for (const one of timers) {
      if (one.cancelled === true && options.lateCancels !== true) continue;
      if (due === undefined || one.at < due.at) due = one;
    }
    if (due === undefined) return false;
    timers.splice(timers.indexOf(due), 1);
    now = Math.max(now, due.at);
    post(due.to, { ...due.message, storedAt: now });
    return true;
  };

  const bench: Bench = {
    store,
    scopes,
    workers,
    answers,
    events,
    trace,
    entities,
    timers,
    signals,
    written,
    get now() {
      return now;
    },
    random,
    on: (task, handler) => workers.on(task, handler),
    async command(executor, { context, ...more } = {}) {
      const id = more.id ?? `op-${entities.size + 1}`;
      const command: Command = { v: 1, executor, createdAt: new Date(now).toISOString(), ...more, id };
      const judged = await judgeCommand(executorsByName(options.executors), command);
      if (judged.ok) mail(judged.to, 'command', judged.mail.body, 'entity', undefined, context);
      else answers.push({ v: 1, operation: id, answer: 'rejected', error: judged.error });
      return id;
    },
    mail: (key, type, body, sender = 'entity', from) => mail({ kind: 'operation', key }, type, body, sender, from),
    cancel: (key) => mail({ kind: 'operation', key }, 'verb.cancel', { reason: 'a test' }, 'verb'),
    step,
    run(until) {
      for (let i = 0; i < 500_000; i++) {
        if (until?.() === true || !step()) return;
      }
      throw new Error('the bench does not come to rest');
    },
    forget: (key) => void entities.delete(key),
    later(at, key) {
      const message: Incoming = { id: `later-${letters++}`, type: 'timer.nothing', body: {}, sender: 'timer', context: {}, storedAt: at };
      later(at, { kind: 'operation', key }, message);
    },
    deploy(definitions) {
      behaviour = operationBehaviour({ ...options, ...definitions });
      for (const one of entities.values()) one.state = undefined;
    },
    seen: (key) => (entities.get(key)?.text === undefined ? undefined : bench.view(key)),
    view: (key) => operationView(key, { root: entity(key).root!, items: entity(key).items }),
    root: (key) => entity(key).root as unknown as OperationRoot,
    record: (kind, id) => store.get({ kind, id }),
    lastAnswer: (key) => answers.filter((a) => a.operation === key).at(-1),
  };
  return bench;
}

/** Through JSON: what cannot travel fails in the first test. */
export function travel<T>(value: T): T {
  return value === undefined ? value : (JSON.parse(JSON.stringify(value)) as T);
}

function travelMap(items: ReadonlyMap<string, Json>): Map<string, Json> {
  return new Map([...items].map(([name, body]) => [name, travel(body)]));
}

function describeWrite(write: Extract<Effect, { type: 'write' }>['write']): string {
  const set = 'set' in write ? write.set : {};
  const parts = [
    set.state,
    set.runtimeState === undefined ? undefined : `(${set.runtimeState})`,
    write.op === 'change' && write.finish === true ? 'finish' : undefined,
  ];
  const look = write.op === 'change' && write.epoch === -1;
  return [look ? 'look' : write.op, `${write.ref.kind}/${write.ref.id}`, ...parts.filter((part) => part !== undefined)].join(' ');
}

function mulberry(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = a;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export type { TaskOutcome };
