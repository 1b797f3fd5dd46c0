/** Where the effects of one process become mail, timers, tasks, events and writes in memory. */
import type { FleetingEffect, SinkEffect, ResourceStore, WriteOutcome } from '@troupe/actor';
import { type EffectSink, type EmitContext, type InputStreams, type RecordStore, resourceEvents } from '@troupe/actor/internal';
import type { Answer, Context, DeadLetter, EventMessage, Json, TaskResult } from '@troupe/protocol';
import type { Mailboxes } from './mailboxes.ts';
import type { MemoryProcess } from './process.ts';
import type { TaskQueues } from './task-queues.ts';

/** What leaves the entities and is read by others. */
export interface Outbox {
  event(message: EventMessage, context: Context): void;
  result(result: TaskResult): void;
  bury(letter: DeadLetter): void;
  answer(answer: Answer, replyTo: string | undefined): void;
  signal(pool: string, body: Json): void;
}

export interface MemorySinkParts {
  readonly process: MemoryProcess;
  readonly mailboxes: Mailboxes;
  readonly tasks: TaskQueues;
  readonly outbox: Outbox;
  readonly records: RecordStore;
  readonly resources: ResourceStore;
}

export function createMemorySink(parts: MemorySinkParts): EffectSink {
  const { process, mailboxes, tasks, outbox, records, resources } = parts;

  const apply = async (sent: SinkEffect, context: EmitContext): Promise<WriteOutcome | undefined> => {
    const effect = process.travel(sent, `effect ${sent.type} of ${context.from.kind}/${context.from.key}`);
    const call = (run: () => void): Promise<void> => process.call(`effects.${effect.type}`, true, run);
    const now = process.clock.now();
    switch (effect.type) {
      case 'send': {
        const letter = { id: effect.id, ...effect.mail, from: context.from, context: effect.context ?? {} };
        const { at: atMs, to, id } = effect;
        if (atMs === undefined) await call(() => void mailboxes.post(to, { ...letter, sender: 'entity' }));
        else
          await call(() =>
            mailboxes.schedule(context.from, id, { atMs, to, letter: { ...letter, sender: 'timer', timer: id }, once: true }),
          );
        return undefined;
      }
      case 'cancel':
        await call(() => mailboxes.cancel(context.from, effect.timer));
        return undefined;
      case 'task':
        await call(() => tasks.push(effect.id, effect.class, effect.pool, effect.message, effect.context ?? {}));
        return undefined;
      case 'publish':
        await call(() => outbox.event({ v: 1, id: effect.id, topic: effect.topic, at: now, body: effect.body }, effect.context ?? {}));
        return undefined;
      case 'result': {
        const { id, task, attempt, outcome } = effect;
        await call(() => outbox.result({ v: 1, id, task, attempt, outcome, endedAt: now }));
        return undefined;
      }
      case 'removeItem': {
        const dot = effect.item.lastIndexOf('.');
        await records.removeItems(context.from, [{ nonce: effect.item.slice(0, dot), n: Number(effect.item.slice(dot + 1)) }]);
        return undefined;
      }
      case 'bury':
        await call(() =>
          outbox.bury({
            v: 1,
            reason: effect.reason,
            error: effect.error,
            attempts: effect.attempts ?? 1,
            subject: effect.origin.join('.'),
            headers: { ...effect.context },
            body: JSON.stringify('mail' in effect.original ? effect.original.mail : effect.original.task),
            at: now,
          }),
        );
        return undefined;
      case 'write': {
        const outcome = await resources.write(effect.write, { turn: context.revision, effect: effect.id });
        for (const told of resourceEvents(effect.write, outcome, effect.id)) {
          const message: EventMessage = {
            v: 1,
            id: told.id,
            topic: told.topic,
            at: now,
            body: process.travel(told.body, 'event') as unknown as Json,
          };
          await process.call('effects.event', true, () => outbox.event(message, effect.context ?? {}));
        }
        return outcome;
      }
    }
  };

  return {
    async emit(effects, context) {
      const ended: { effect: string; outcome: WriteOutcome }[] = [];
      for (const effect of effects) {
        const outcome = await apply(effect, context);
        if (outcome !== undefined) ended.push({ effect: effect.id, outcome: process.travel(outcome, 'outcome') });
      }
      return ended;
    },
    tell(effects: readonly FleetingEffect[]) {
      if (!process.alive) return;
      for (const effect of effects) {
        const sent = process.travel(effect, `effect ${effect.type}`);
        if (sent.type === 'signal') outbox.signal(sent.pool, sent.body);
        else if (sent.type === 'answer') outbox.answer(sent.answer, sent.replyTo);
      }
    },
  };
}

export function createMemoryInputs(process: MemoryProcess, mailboxes: Mailboxes, starts: Map<string, number>): InputStreams {
  return {
    isPresent: (ref) => process.call('inputs.isPresent', false, () => mailboxes.isPresent(ref)),
    recordStart: (ref) =>
      process.call('inputs.recordStart', true, () => {
        const name = `${ref.stream}.${ref.sequence}`;
        const n = (starts.get(name) ?? 0) + 1;
        starts.set(name, n);
        return n;
      }),
    putOff: ({ to, message, ref }, atMs, tries) =>
      process.call('inputs.putOff', true, () => {
        const { storedAt: _, ...letter } = message;
        mailboxes.schedule(to, `~${ref.stream}.${ref.sequence}`, { atMs, to, letter: { ...letter, tries }, once: false });
      }),
  };
}
