import type { Runtime } from '@troupe/runtime';

export interface Repeater {
  /** Messages that came again. */
  readonly count: number;
}

/**
 * Sends every message of the given subjects a second time, as an unacknowledged delivery comes again: same body, same headers,
 * but for the id by which the server would have dropped it.
 */
export async function createRepeater({ nc, subjects }: Pick<Runtime, 'nc' | 'subjects'>, filter: string): Promise<Repeater> {
  let count = 0;
  const seen = new Set<string>();
  nc.subscribe(`${subjects.ns}.${filter}`, {
    callback(_error, message) {
      const id = message.headers?.get('Nats-Msg-Id') ?? '';
      if (id === '' || seen.has(id)) return;
      seen.add(id).add(`${id} again`);
      count++;
      message.headers!.set('Nats-Msg-Id', `${id} again`);
      message.headers!.delete('Nats-Expected-Stream');
      nc.publish(message.subject, message.data, { headers: message.headers! });
    },
  });
  await nc.flush();
  return {
    get count() {
      return count;
    },
  };
}
