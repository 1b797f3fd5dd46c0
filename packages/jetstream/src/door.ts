/**
 * The front door: takes commands from COMMANDS, judges them, forwards them as mail and acknowledges. Everything outside
 * enters here, so everything is checked here: what is refused gets a typed answer that names the field, and nothing that
 * was stored is lost. A command of a version that is not read here yet is offered to other doors for a while, then refused
 * as well, so that its sender hears of it; it lies in the dead letters, to be sent again when the doors are new.
 *
 * While TASKS, MAIL or the storage are over their high-water marks it pulls nothing: COMMANDS keeps what it has, fills, and
 * then refuses its senders (`overloaded`). What it holds at that moment it still forwards.
 */
import type { NatsConnection } from '@nats-io/nats-core';
import { type Clock, createService, probe, type Service, systemClock, systemRandom } from '@troupe/actor';
import {
  type Address,
  type Answer,
  type Command,
  contextFromHeaders,
  encodeJson,
  type EventMessage,
  headers,
  ID_LIMIT_CHARS,
  isInbox,
  isLonger,
  isTroupeError,
  type Json,
  parseCommand,
  type Subjects,
  toWireError,
  TroupeError,
  type WireError,
} from '@troupe/protocol';
import { judgeAge } from './command-age.ts';
import type { DeadLetters } from './dead-letters.ts';
import { createHighWater } from './high-water.ts';
import { contextHeaders, encodeMail } from './mail-codec.ts';
import { type HighWaterOptions, type Overload, overloadText } from './marks.ts';
import type { Publisher } from './publisher.ts';
import { createNewerCommands } from './newer-commands.ts';
import { createPuller, type PulledMessage, type Puller } from './puller.ts';

/** What a judge makes of a command that could be read: where to forward it, or a typed refusal (thrown). */
export type JudgeCommand = (
  command: Command,
) => Promise<{ readonly to: Address; readonly mail: { readonly type: string; readonly body: Json } }>;

export interface DoorOptions {
  readonly nc: NatsConnection;
  readonly publisher: Publisher;
  readonly subjects: Subjects;
  readonly judge: JudgeCommand;
  readonly deadLetters: DeadLetters;
  /** Commands in hand at once. Default 256. */
  readonly maxInHand?: number;
  /** As the topology has it for mail: what is in hand longer is renewed. Default 2000. */
  readonly ackWaitMs?: number;
  /**
   * How long a command of a newer version is offered to other doors, of which one may be newer during a deploy, before it is
   * refused. Since it was stored; once at least. Default 8000,
   * which is less than a client waits for an answer.
   */
  readonly newerVersionMs?: number;
  /** When to stop pulling. Needs the right to read the information of those streams (and, for its limits, of the account). */
  readonly highWater?: HighWaterOptions;
  /** Told with the events of the door. */
  readonly hostId?: string;
  readonly serverNow: () => number;
  readonly onEvent?: (event: DoorEvent) => void;
  readonly clock?: Clock;
}

export type DoorEvent =
  | { readonly type: 'forwarded'; readonly operation: string; readonly executor: string }
  /** Of a newer version: handed back, for a door that reads it. Each time that it comes here. */
  | { readonly type: 'newerVersion'; readonly subject: string; readonly error: WireError }
  | { readonly type: 'rejected'; readonly operation: string | undefined; readonly error: WireError }
  /** Stopped pulling, or stopped already and what is over has changed. `reasons` are for people. */
  | { readonly type: 'overloaded'; readonly over: readonly Overload[]; readonly reasons: readonly string[] }
  | { readonly type: 'resumed' };

export interface DoorStatus {
  /** False while something is over its high-water mark. */
  readonly isPulling: boolean;
  readonly over: readonly Overload[];
  /** Milliseconds since the marks were last compared; undefined before the first time. Old means: the server does not answer. */
  readonly lookedAgoMs: number | undefined;
  /** Commands in hand. */
  readonly inHand: number;
}

export interface Door extends Service {
  status(): DoorStatus;
}

/** Until a command comes again that could not be judged, or that another door may read. */
const AGAIN_MS = 1_000;

/** Throws `invalid_options` for high-water marks that make no sense. */
export function createDoor(options: DoorOptions): Door {
  const { nc, publisher, subjects } = options;
  const limit = options.maxInHand ?? 256;
  const clock = options.clock ?? systemClock;
  const renewMs = (options.ackWaitMs ?? 2_000) / 3;
  const inHand = new Map<Promise<void>, PulledMessage>();
  const newer = createNewerCommands({ offeredMs: options.newerVersionMs ?? 8_000, serverNow: options.serverNow });
  let puller: Puller | undefined;
  let cancelRenewal: (() => void) | undefined;

  /** The hold is short, so that a killed door is followed soon; a judge may take longer. */
  const renew = (): void => {
    cancelRenewal ??= clock.setTimer(renewMs, () => {
      cancelRenewal = undefined;
      for (const message of inHand.values()) message.extend();
      if (inHand.size > 0) renew();
    });
  };

  const tell = (answer: Answer, replyTo: string | undefined): void => {
    const body = encodeJson(answer);
    nc.publish(subjects.answer(answer.operation), body);
    if (replyTo !== undefined) nc.publish(replyTo, body);
  };

  const reject = async (message: PulledMessage, cause: unknown): Promise<void> => {
    const error = withoutStack(toWireError(cause));
    const { operation, replyTo } = readSender(message);
    options.onEvent?.({ type: 'rejected', operation, error });
    if (operation !== undefined) tell({ v: 1, operation, answer: 'rejected', error }, replyTo);
    else if (replyTo !== undefined) nc.publish(replyTo, encodeJson({ v: 1, operation: '', answer: 'rejected', error }));
    // kept with its reason: a sender that did not wait for the answer can still be told why nothing happened
    await options.deadLetters.bury(message, ['command', subjects.parseCommand(message.subject) ?? 'unknown'], error);
    message.ack();
  };

  const handle = async (message: PulledMessage): Promise<void> => {
    const context = message.hasHeaders ? contextFromHeaders(message.headers()) : {};
    try {
      await probe('command.received', message.subject);
      const command = parseCommand(message.data);
      const addressed = subjects.parseCommand(message.subject);
      if (command.executor !== addressed) {
        throw new TroupeError('malformed', `command: executor ${command.executor} was sent to ${addressed}`, { field: 'executor' });
      }
      const known = await judgeAge(command, options);
      if (known !== undefined) {
        tell(known, command.replyTo);
        message.ack();
        return;
      }
      const { to, mail } = await options.judge(command);
      const body = encodeMail({ id: `command.${message.sequence}`, ...mail });
      // per command message, not per operation: a second command with the same id must reach the operation, to be answered
      await publisher.publish(subjects.mail(to, 'entity'), body, {
        id: `${subjects.streams.commands}.${message.sequence}`,
        headers: contextHeaders(context),
      });
      await probe('command.forwarded', message.subject);
      message.ack();
      options.onEvent?.({ type: 'forwarded', operation: command.id, executor: command.executor });
    } catch (cause) {
      const isNewer = isTroupeError(cause) && cause.code === 'unsupported_version';
      if (isNewer && newer.mayOffer(message)) {
        options.onEvent?.({ type: 'newerVersion', subject: message.subject, error: withoutStack(toWireError(cause)) });
        message.nak(AGAIN_MS);
      } else if (isNewer || (isTroupeError(cause) && !cause.retryable)) await reject(message, cause);
      else message.nak(AGAIN_MS);
    }
  };

  const changed = (over: readonly Overload[]): void => {
    if (over.length > 0) {
      puller?.pause();
      // pulls that stand would go on delivering; what is just on its way comes again after its hold
      puller?.reset();
    } else puller?.resume();
    const reasons = over.map(overloadText);
    options.onEvent?.(over.length > 0 ? { type: 'overloaded', over, reasons } : { type: 'resumed' });
    const id = `door.${systemRandom.token()}`;
    const body = { host: options.hostId ?? null, over: over as never, reasons };
    const event: EventMessage = { v: 1, id, topic: ['door', over.length > 0 ? 'overloaded' : 'resumed'], at: options.serverNow(), body };
    // for whoever watches; a full server may refuse it, and the status tells all the same
    publisher.publish(subjects.event(event.topic), encodeJson(event), { id }).catch(() => undefined);
  };

  const highWater = createHighWater({ nc, subjects, marks: options.highWater, clock: options.clock, onChange: changed });

  const start = async (): Promise<void> => {
    // before the first pull: a host that starts again must not let in what the others keep out
    await highWater.start();
    puller = createPuller({
      nc,
      stream: subjects.streams.commands,
      durable: 'door',
      demand: () => limit - inHand.size,
      expiresMs: 5_000,
      onMessage(message) {
        const work: Promise<void> = handle(message)
          // the answer or the dead letter could not be stored: the command comes again
          .catch(() => undefined)
          .finally(() => {
            inHand.delete(work);
            puller?.wake();
          });
        inHand.set(work, message);
        renew();
      },
    });
    puller.start();
    if (highWater.over.length > 0) puller.pause();
  };

  const stop = async (): Promise<void> => {
    await highWater.stop();
    await puller?.stop();
    await Promise.all(inHand.keys());
    cancelRenewal?.();
  };

  const status = (): DoorStatus => ({
    isPulling: highWater.over.length === 0,
    over: highWater.over,
    lookedAgoMs: highWater.lookedAgoMs(),
    inHand: inHand.size,
  });
  return Object.assign(createService('door', { start, stop }), { status });
}

/** Whom to answer, even if the body is not readable as a command. */
function readSender(message: PulledMessage): { operation: string | undefined; replyTo: string | undefined } {
  let body: Record<string, unknown> = {};
  try {
    const parsed: unknown = JSON.parse(new TextDecoder().decode(message.data));
    if (typeof parsed === 'object' && parsed !== null) body = parsed as Record<string, unknown>;
  } catch {
    // the headers are all we have
  }
  const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);
  const header = (name: string): string | undefined =>
    message.hasHeaders ? text([...message.headers()].find(([n]) => n === name)?.[1][0]) : undefined;
  // whichever names an inbox: a wrong one in the body must not silence the answer to it
  const replyTo = [text(body['replyTo']), header(headers.replyTo)].find((one) => one !== undefined && isInbox(one));
  // one that is longer is the name of no operation, and its subject may be more than a server takes
  const operation = text(body['id']) ?? header(headers.messageId);
  return { operation: operation === undefined || isLonger(operation, ID_LIMIT_CHARS) ? undefined : operation, replyTo };
}

/** Stacks are for the log of this host, not for whoever sent a wrong command. */
function withoutStack(error: WireError): WireError {
  const { stack: _stack, ...rest } = error;
  return rest;
}
