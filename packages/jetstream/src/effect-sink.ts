/**
 * Where effects become messages. Every confirmed effect is published under its own id, so the server drops what it has
 * seen within its window; what it has forgotten is harmless by the slots of the receivers.
 */
import type { NatsConnection } from '@nats-io/nats-core';
import type { FleetingEffect, SinkEffect, ResourceStore } from '@troupe/actor';
import { probe } from '@troupe/actor';
import { type EffectEnded as Ended, type EffectSink, type EmitContext, type RecordStore, resourceEvents } from '@troupe/actor/internal';
import {
  type DeadLetter,
  encodeJson,
  type ErrorCode,
  type EventMessage,
  isTroupeError,
  type Json,
  type Subjects,
  toWireError,
} from '@troupe/protocol';
import { storeLetter } from './dead-letters.ts';
import { contextHeaders, encodeMail } from './mail-codec.ts';
import type { Publisher } from './publisher.ts';

/** What a cancelled timer leaves for a moment. */
const CANCELLED_TTL_MS = 1_000;
const EMPTY = new Uint8Array(0);

export interface EffectSinkOptions {
  readonly nc: NatsConnection;
  readonly publisher: Publisher;
  readonly subjects: Subjects;
  readonly records: RecordStore;
  /** Absent in hosts whose entities order no writes. */
  readonly store?: ResourceStore;
}

export function createEffectSink(options: EffectSinkOptions): EffectSink {
  const { nc, publisher, subjects, records, store } = options;

  const event = (id: string, topic: readonly string[], body: Json, context: SinkEffect['context']): Promise<unknown> => {
    const message: EventMessage = { v: 1, id, topic, at: records.serverNow(), body };
    return publisher.publish(subjects.event(topic), encodeJson(message), { id, headers: contextHeaders(context) });
  };

  const emitOne = async (effect: SinkEffect, context: EmitContext): Promise<Ended | undefined> => {
    switch (effect.type) {
      case 'send': {
        const timed = effect.at !== undefined;
        const body = encodeMail({ id: effect.id, ...effect.mail, from: context.from, ...(timed ? { timer: effect.id } : {}) });
        const extra = { headers: contextHeaders(effect.context), id: effect.id };
        if (effect.at === undefined) {
          await publisher.publish(subjects.mail(effect.to, 'entity'), body, extra);
        } else {
          const subject = subjects.timer(context.from, effect.id);
          await publisher.publish(subject, body, { ...extra, schedule: { atMs: effect.at, target: subjects.due(effect.to) } });
        }
        return undefined;
      }
      case 'cancel':
        // replaces the timer and expires: as safe as a purge, without its API right and at the price of a publish
        await publisher.publish(subjects.timer(context.from, effect.timer), EMPTY, { ttlMs: CANCELLED_TTL_MS, rollup: 'sub' });
        return undefined;
      case 'task': {
        const subject = subjects.task(effect.class, effect.pool, effect.message.task);
        await publisher.publish(subject, encodeJson(effect.message), { id: effect.id, headers: contextHeaders(effect.context) });
        return undefined;
      }
      case 'publish':
        await event(effect.id, effect.topic, effect.body, effect.context);
        return undefined;
      case 'result': {
        const { id, task, attempt, outcome, ttlMs } = effect;
        const result = { v: 1, id, task, attempt, outcome, endedAt: records.serverNow() };
        await publisher.publish(subjects.result(id), encodeJson(result), { ttlMs });
        return undefined;
      }
      case 'removeItem': {
        const dot = effect.item.lastIndexOf('.');
        await records.removeItems(context.from, [{ nonce: effect.item.slice(0, dot), n: Number(effect.item.slice(dot + 1)) }]);
        return undefined;
      }
      case 'bury': {
        const letter: DeadLetter = {
          v: 1,
          reason: effect.reason,
          error: effect.error,
          attempts: effect.attempts ?? 1,
          ...originalOf(effect, context),
          headers: Object.fromEntries(contextHeaders(effect.context)),
          at: records.serverNow(),
        };
        await storeLetter(publisher, subjects.dead(effect.origin), letter, effect.id);
        return undefined;
      }
      case 'write': {
        if (store === undefined) throw new Error('a behaviour orders writes, but the host was given no resource store');
        const outcome = await store.write(effect.write, { turn: context.revision, effect: effect.id });
        await probe('write.applied', `${effect.write.ref.kind}/${effect.write.ref.id}`);
        // in the same act as the write: emitted again with it, under the same id
        for (const told of resourceEvents(effect.write, outcome, effect.id)) {
          await event(told.id, told.topic, told.body as unknown as Json, effect.context);
        }
        return { effect: effect.id, outcome };
      }
    }
  };

  /** As it lay in its stream, for whoever sends it again. */
  const originalOf = ({ original }: Extract<SinkEffect, { type: 'bury' }>, { from: to }: EmitContext) => {
    if ('task' in original) {
      return { subject: subjects.task(original.class, original.pool, original.task.task), body: encodeJson(original.task) };
    }
    const { sender, ...mail } = original.mail;
    // what was put off came as a timer, and its sender still is who sent it first
    const byHost = sender === 'timer' || sender === 'host';
    return { subject: byHost ? subjects.due(to) : subjects.mail(to, sender), body: encodeMail(mail) };
  };

  return {
    async emit(effects, context) {
      // writes of one turn keep their order: a resource may be written twice; the rest goes side by side
      const rest = Promise.all(effects.filter((e) => e.type !== 'write').map((e) => emitOne(e, context).catch(refusedOnly(e.id))));
      rest.catch(() => undefined);
      const ended: Ended[] = [];
      for (const effect of effects) {
        if (effect.type !== 'write') continue;
        const outcome = await emitOne(effect, context);
        if (outcome !== undefined) ended.push(outcome);
      }
      for (const refused of await rest) if (refused !== undefined) ended.push(refused);
      return ended;
    },
    tell(effects: readonly FleetingEffect[]) {
      for (const effect of effects) tellOne(nc, subjects, effect);
    },
  };
}

/** Asked again, the server would say the same: it is no outage. What a resource store refuses may be its own set-up, and passes. */
const REFUSED = new Set<string>(['not_permitted', 'too_large', 'invalid_options'] satisfies ErrorCode[]);

function refusedOnly(effect: string): (error: unknown) => Ended {
  return (error) => {
    if (!isTroupeError(error) || error.retryable || !REFUSED.has(error.code)) throw error;
    const { stack: _, ...refused } = toWireError(error);
    return { effect, refused };
  };
}

function tellOne(nc: NatsConnection, subjects: Subjects, effect: FleetingEffect): void {
  try {
    if (effect.type === 'signal') {
      nc.publish(subjects.signal(effect.pool), encodeJson(effect.body));
      return;
    }
    if (effect.type === 'tell') {
      nc.publish(subjects.told(effect.to), encodeJson(effect.body));
      return;
    }
    const body = encodeJson(effect.answer);
    nc.publish(subjects.answer(effect.answer.operation), body);
    if (effect.replyTo !== undefined) nc.publish(effect.replyTo, body);
  } catch {
    // best effort: a closed connection loses an answer, the record still holds it
  }
}
