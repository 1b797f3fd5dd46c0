/**
 * Publishes commands so that their order outlives COMMANDS: the front door hands them to their operations side by side, so two
 * that travel together may be accepted in either order. Whoever waits for the first answer (accepted, queued, rejected) before it
 * sends the next one for the same resource keeps them apart; a relay publishes the rows of a resource one after the other.
 */
import { createInbox, type NatsConnection } from '@nats-io/nats-core';
import { sleep, systemClock } from '@troupe/actor';
import type { Publisher } from '@troupe/jetstream';
import { inboxPrefixOf } from '@troupe/jetstream/internal';
import type { CommandPublisher } from '@troupe/postgres';
import { cleanContext, contextToHeaders, encodeJson, type JsonObject, type Subjects } from '@troupe/protocol';

export interface CommandPublisherOptions {
  readonly nc: NatsConnection;
  readonly publisher: Publisher;
  readonly subjects: Subjects;
  /** How long to wait for a first answer. 0 = not at all: order ends at COMMANDS. */
  readonly answerMs: number;
}

export interface StoppableCommandPublisher extends CommandPublisher {
  stop(): void;
}

export function createCommandPublisher({ nc, publisher, subjects, answerMs }: CommandPublisherOptions): StoppableCommandPublisher {
  const inbox = `${createInbox(inboxPrefixOf(nc))}.`;
  const waiting = new Map<string, AbortController>();
  let tokens = 0;
  // nobody answers while no supervisor runs: then one command after the other would wait in vain
  let isSilent = false;
  const subscription = nc.subscribe(`${inbox}*`, {
    callback(error, message) {
      if (error !== null && error !== undefined) return;
      isSilent = false;
      waiting.get(message.subject.slice(inbox.length))?.abort();
    },
  });

  return {
    async publish({ id, executor, body, context }) {
      const token = (tokens++).toString(36);
      const answered = new AbortController();
      waiting.set(token, answered);
      try {
        // whom to answer is no part of what is asked for: the operation knows its command by the rest
        const asked = encodeJson({ ...(JSON.parse(body) as JsonObject), replyTo: inbox + token });
        // the server drops what comes twice within its window; the operation's record answers what comes later
        const ack = await publisher.publish(subjects.command(executor), asked, {
          id: `outbox.${id}`,
          headers: contextToHeaders(cleanContext(context)),
        });
        if (ack.duplicate || isSilent || answerMs === 0) return;
        await sleep(systemClock, answerMs, answered.signal);
        if (!answered.signal.aborted) isSilent = true;
      } finally {
        waiting.delete(token);
      }
    },
    stop() {
      for (const one of waiting.values()) one.abort();
      if (!nc.isClosed()) subscription.unsubscribe();
    },
  };
}
