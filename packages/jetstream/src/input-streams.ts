/** What the entity host asks of MAIL and TIMERS besides delivery. */
import type { NatsConnection } from '@nats-io/nats-core';
import type { Delivery, InputRef, InputStreams } from '@troupe/actor/internal';
import type { Subjects } from '@troupe/protocol';
import { readDirect, readLast } from './direct-get.ts';
import { contextHeaders, encodeMail } from './mail-codec.ts';
import { isWrongSequence, type Publisher } from './publisher.ts';

/** A start mark is of use while its message is redelivered: holds last seconds. */
const MARK_TTL_MS = 3_600_000;

export interface InputStreamsOptions {
  readonly nc: NatsConnection;
  readonly publisher: Publisher;
  readonly subjects: Subjects;
}

export function createInputStreams(options: InputStreamsOptions): InputStreams {
  const { nc, publisher, subjects } = options;
  const streamOf = (ref: InputRef): string => (ref.stream === 'mail' ? subjects.streams.mail : subjects.streams.timers);

  return {
    async isPresent(ref) {
      return (await readDirect(nc, streamOf(ref), ref.sequence)) !== undefined;
    },
    async recordStart(ref) {
      const subject = subjects.mark('host', `${ref.stream}-${ref.sequence}`);
      for (;;) {
        const last = await readLast(nc, subjects.streams.results, subject);
        const starts = (last === undefined ? 0 : Number(last.text())) + 1;
        try {
          await publisher.publish(subject, String(starts), { expectLastSubjectSequence: last?.sequence ?? 0, ttlMs: MARK_TTL_MS });
          return starts;
        } catch (error) {
          if (!isWrongSequence(error)) throw error;
        }
      }
    },
    async putOff(delivery: Delivery, atMs: number, tries: number) {
      const { message, to, ref } = delivery;
      const body = encodeMail({
        id: message.id,
        type: message.type,
        body: message.body,
        tries,
        sender: message.sender,
        ...(message.from === undefined ? {} : { from: message.from }),
        ...(message.timer === undefined ? {} : { timer: message.timer }),
      });
      // named by the input it replaces, so that doing it twice is doing it once
      await publisher.publish(subjects.timer(to, `~${ref.stream}.${ref.sequence}`), body, {
        headers: contextHeaders(message.context),
        schedule: { atMs, target: subjects.due(to) },
      });
    },
  };
}
