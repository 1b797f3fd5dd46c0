import { decodeToken, type EventMessage, type ResourceRef } from '@troupe/protocol';
import type { Runtime } from '@troupe/runtime';

export interface SeenMessage {
  readonly subject: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What went over the wire, as a bystander sees it: every message, and every version of every row. */
export interface Witness {
  readonly messages: readonly SeenMessage[];
  /** Classes of the task messages so far, each once. */
  classes(): string[];
  /** Names of tasks in the order in which they were sent; looks that repeat each other are one. */
  tasks(): string[];
  /** Ids of task messages as they were sent, those that a test has sent again apart. */
  attempts(): string[];
  /** Life-cycle states that a row has had, in order. A row that is gone ends with `removed`. */
  states(ref: ResourceRef): readonly string[];
  /** Events of operations and resources, in order. */
  readonly events: readonly EventMessage[];
}

/** A core subscription sees what streams store, but for what they drop as seen before: nothing of the product is asked. */
export async function createWitness({ nc, subjects }: Pick<Runtime, 'nc' | 'subjects'>): Promise<Witness> {
  const messages: SeenMessage[] = [];
  const stored = new Set<string>();
  const events: EventMessage[] = [];
  const states = new Map<string, string[]>();
  nc.subscribe(`${subjects.ns}.>`, {
    callback(_error, message) {
      const headers = Object.fromEntries([...(message.headers ?? [])].map(([name, values]) => [name.toLowerCase(), values[0] ?? '']));
      // emitted again after a hold that lapsed: the stream stores it once, under the id that it had
      const id = headers['nats-msg-id'] ?? '';
      if (id !== '' && stored.has(`${message.subject} ${id}`)) return;
      stored.add(`${message.subject} ${id}`);
      messages.push({ subject: message.subject, headers, body: message.string() });
      if (message.subject.startsWith(`${subjects.ns}.event.`)) events.push(message.json<EventMessage>());
    },
  });
  nc.subscribe(`$KV.${subjects.buckets.resources}.>`, {
    callback(_error, message) {
      const [kind, id] = message.subject.split('.').slice(-2).map(decodeToken);
      const isGone = (message.headers?.get('KV-Operation') ?? '') !== '';
      const state = isGone ? 'removed' : message.json<{ state: string }>().state;
      const seen = states.get(`${kind}/${id}`) ?? [];
      states.set(`${kind}/${id}`, seen);
      if (seen.at(-1) !== state) seen.push(state);
    },
  });
  await nc.flush();
  const sent = () => messages.flatMap(({ subject }) => subjects.parseTask(subject) ?? []);
  return {
    messages,
    events,
    classes: () => [...new Set(sent().map(({ cls }) => cls))],
    tasks: () =>
      sent()
        .map(({ name }) => name)
        .filter((name, i, all) => all[i - 1] !== name),
    attempts: () =>
      messages.flatMap(({ subject, headers, body }) =>
        subjects.parseTask(subject) === undefined || (headers['nats-msg-id'] ?? '').endsWith(' again')
          ? []
          : (JSON.parse(body) as { id: string }).id,
      ),
    states: ({ kind, id }) => states.get(`${kind}/${id}`) ?? [],
  };
}
