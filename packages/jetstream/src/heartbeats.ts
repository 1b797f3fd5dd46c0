/**
 * Hosts of a role know each other: each announces itself in the hosts bucket under a TTL and hears the announcements of
 * the others as they are published. No watch and no consumer: a publish into a stream reaches core subscribers as well.
 */
import type { NatsConnection, Subscription } from '@nats-io/nats-core';
import { type Clock, systemClock } from '@troupe/actor';
import { decodeToken, encodeToken, type Subjects } from '@troupe/protocol';
import { onReconnect } from './connection.ts';
import { readKeys } from './bucket-keys.ts';
import { unavailable } from './publish-errors.ts';
import { wireOptions } from './send-window.ts';
import { encodeHeaders } from './wire-headers.ts';

export interface HeartbeatsOptions {
  readonly nc: NatsConnection;
  readonly subjects: Subjects;
  readonly role: string;
  /** Any text, unique per process. */
  readonly hostId: string;
  /** Called with the sorted list of live hosts of the role, this one among them, whenever it changes. */
  readonly onChange: (hosts: readonly string[]) => void;
  /** What is announced besides the name; shown to people. */
  readonly details?: Readonly<Record<string, string | number>>;
  /** A host not heard of for so long is gone. Default 3000; at least 1000. Announced three times as often. */
  readonly ttlMs?: number;
  readonly clock?: Clock;
}

export interface Heartbeats {
  /** Live hosts of the role, sorted, this one among them. */
  hosts(): readonly string[];
  /** Says good-bye: the others need not wait for the TTL. */
  stop(): Promise<void>;
}

/** Resolves when the others are known and this host is announced. */
export async function createHeartbeats(options: HeartbeatsOptions): Promise<Heartbeats> {
  const { nc, subjects, role, hostId } = options;
  const clock = options.clock ?? systemClock;
  const ttlMs = Math.max(1_000, options.ttlMs ?? 3_000);
  const bucket = subjects.buckets.hosts;
  const prefix = `$KV.${bucket}.${encodeToken(role)}.`;
  const own = prefix + encodeToken(hostId);
  const seen = new Map<string, number>();
  let known: readonly string[] = [hostId];
  let stopped = false;
  let cancelBeat: (() => void) | undefined;
  let beatDue = Infinity;

  const publish = (body: string, headers: readonly (readonly [string, string])[]): void => {
    try {
      // not confirmed: the next one comes before anybody misses it
      nc.publish(own, Buffer.from(body), wireOptions('', encodeHeaders({ ttlMs, headers })));
    } catch {
      // closed: silence says the same
    }
  };

  /** While this host stood still it heard nobody, which says nothing about anybody; what they said lies in the socket. */
  const allowForStandstill = (now: number): void => {
    const late = now - beatDue;
    if (late <= ttlMs / 3) return;
    for (const [host, at] of seen) seen.set(host, Math.min(now, at + late));
    beatDue = now;
  };

  const review = (): void => {
    const now = clock.monotonic();
    allowForStandstill(now);
    const deadline = now - ttlMs;
    for (const [host, at] of seen) if (at < deadline) seen.delete(host);
    const hosts = [...new Set([hostId, ...seen.keys()])].sort();
    if (hosts.length === known.length && hosts.every((host, i) => host === known[i])) return;
    known = hosts;
    if (!stopped) options.onChange(hosts);
  };

  const hear = (subject: string, gone: boolean): void => {
    let host: string;
    try {
      host = decodeToken(subject.slice(prefix.length));
    } catch {
      return;
    }
    if (gone) seen.delete(host);
    else seen.set(host, clock.monotonic());
    review();
  };

  const beat = (): void => {
    cancelBeat = clock.setTimer(ttlMs / 3, beat);
    publish(JSON.stringify({ host: hostId, role, ...options.details }), []);
    review();
    beatDue = clock.monotonic() + ttlMs / 3;
  };

  const subscription: Subscription = nc.subscribe(`${prefix}*`, {
    callback(error, message) {
      if (error === null) hear(message.subject, message.headers?.get('KV-Operation') === 'DEL');
    },
  });
  const unwatch = onReconnect(nc, () => {
    // nobody was heard during the outage, which says nothing about anybody
    const now = clock.monotonic();
    for (const host of seen.keys()) seen.set(host, now);
    publish(JSON.stringify({ host: hostId, role, ...options.details }), []);
  });
  try {
    for (const subject of await readKeys(nc, bucket, `${prefix}*`)) hear(subject, false);
  } catch (cause) {
    if (!nc.isClosed()) subscription.unsubscribe();
    unwatch();
    throw unavailable(`cannot read the hosts of ${role} from the bucket ${bucket}`, cause);
  }
  beat();

  return {
    hosts: () => known,
    async stop() {
      if (stopped) return;
      stopped = true;
      cancelBeat?.();
      unwatch();
      if (nc.isClosed()) return;
      publish('', [['KV-Operation', 'DEL']]);
      subscription.unsubscribe();
      await nc.flush().catch(() => undefined);
    },
  };
}
