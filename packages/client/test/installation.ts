/**
 * A fresh namespace on the server of the run, with the streams that a client touches, and a front door whose answers the
 * test decides: it takes commands from COMMANDS and answers on the wire as hosts do.
 */
import { jetstream, jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/nats-core';
import { connect } from '@nats-io/transport-node';
import { applyTopology, type TopologyOptions } from '@troupe/jetstream';
import { until } from '@troupe/test-infra';
import {
  type Answer,
  type Command,
  createSubjects,
  encodeJson,
  isTroupeError,
  parseCommand,
  type Subjects,
  type TroupeError,
} from '@troupe/protocol';

/** Known when the tests run, not yet when they are loaded. */
export const natsUrl = (): string => process.env['TEST_NATS_URL']!;
let count = 0;

export interface Installation extends AsyncDisposable {
  readonly ns: string;
  readonly subjects: Subjects;
  /** With all rights; for the hosts' side of the test. */
  readonly nc: NatsConnection;
  readonly jsm: JetStreamManager;
  /** Answers commands until the installation ends. */
  door(script: (command: Command, tell: (answer: AnswerParts) => void) => void | Promise<void>): Promise<Door>;
  /** Resolves when the connection stands, as after a restart of the server. */
  connected(): Promise<unknown>;
  /** Resolves when the server answers nothing: a signal to a process takes its time. */
  still(): Promise<unknown>;
  /** Stores a root as hosts do. */
  putRecord(key: string, root: object, kind?: string): Promise<void>;
}

export type AnswerParts = Answer extends infer A ? (A extends Answer ? Omit<A, 'v' | 'operation'> : never) : never;

export interface Door {
  readonly commands: Command[];
  /** Of the n-th command. */
  readonly headers: (readonly [string, string[]])[][];
}

export async function createInstallation(
  url = natsUrl(),
  login: object = {},
  ns = `c${process.pid.toString(36)}-${(count++).toString(36)}`,
  topology: Partial<TopologyOptions> = {},
): Promise<Installation> {
  const subjects = createSubjects(ns);
  const nc = await connect({ servers: url.split(','), maxReconnectAttempts: -1, reconnectTimeWait: 50, ...login });
  const jsm = await jetstreamManager(nc);
  const { streams } = subjects;
  await applyTopology(nc, { subjects, roles: {}, pools: ['mail'], maxCommands: 50, ...topology });
  const stops: (() => Promise<unknown>)[] = [];

  return {
    ns,
    subjects,
    nc,
    jsm,
    async door(script) {
      const door: Door = { commands: [], headers: [] };
      const consumer = await jetstream(nc).consumers.get(streams.commands, 'door');
      const messages = await consumer.consume({ max_messages: 10, expires: 5_000, idle_heartbeat: 1_000 });
      const work = (async () => {
        for await (const message of messages) {
          const command = parseCommand(message.data);
          door.commands.push(command);
          door.headers.push([...(message.headers ?? [])].map(([name, values]) => [name, values] as const));
          await script(command, (answer) => {
            const body = encodeJson({ v: 1, operation: command.id, ...answer });
            nc.publish(subjects.answer(command.id), body);
            if (command.replyTo !== undefined) nc.publish(command.replyTo, body);
          });
          message.ack();
        }
      })();
      stops.push(async () => {
        await messages.close();
        await work;
      });
      return door;
    },
    connected: () =>
      until('the test is connected again', () =>
        nc.rtt().then(
          () => true,
          () => false,
        ),
      ),
    still: () =>
      until('the server stands still', () =>
        nc.request('$JS.API.INFO', '', { timeout: 50 }).then(
          () => false,
          () => true,
        ),
      ),
    async putRecord(key, root, kind = 'operation') {
      const record = { v: 1, w: 'nonce.1', s: root, fx: [], in: [], nx: {} };
      await jetstream(nc).publish(subjects.state({ kind, key }), encodeJson(record));
    },
    async [Symbol.asyncDispose]() {
      for (const stop of stops) await stop();
      const buckets = Object.values(subjects.buckets).map((name) => `KV_${name}`);
      await Promise.all([...Object.values(streams), ...buckets].map((name) => jsm.streams.delete(name).catch(() => undefined)));
      await nc.close();
    },
  };
}

/** The root of an operation, as its behaviour stores it. */
export function operationRoot(more: { phase?: string; head?: object; progress?: object } & Record<string, unknown> = {}): object {
  const { phase = 'running', head, progress, ...rest } = more;
  return {
    v: 1,
    phase,
    head: { executor: 'volume.create', family: 'free', digest: 'd', class: 'regular', createdAt: '2026-11-25T10:00:00.000Z', ...head },
    progress: { done: 0, total: 2, logged: 0, ...progress },
    ...rest,
  };
}

export function endedRoot(outcome: string, more: object = {}): object {
  return operationRoot({ phase: 'ended', progress: { outcome, endedAt: 1_790_000_000_000, done: 2, total: 2, logged: 0, ...more } });
}

/** The typed error that the work ends with. */
export async function refusal(work: Promise<unknown>): Promise<TroupeError> {
  try {
    await work;
  } catch (error) {
    if (isTroupeError(error)) return error;
    throw error;
  }
  throw new Error('was not refused');
}
