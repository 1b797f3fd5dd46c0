/** Runs the command line within the test, against an installation whose hosts the test plays. */
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/nats-core';
import { connect } from '@nats-io/transport-node';
import { type ExitCode, type Io, run } from '@troupe/cli';
import { type Command, createSubjects, encodeJson, parseCommand, type Subjects } from '@troupe/protocol';

/** Known when the tests run, not yet when they are loaded. */
export const natsUrl = (): string => process.env['TEST_NATS_URL']!;
let count = 0;

export interface Ended {
  readonly code: ExitCode;
  readonly out: string;
  readonly err: string;
}

export interface Typing {
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  readonly signal?: AbortSignal;
}

/** 25 Nov 2026, 10:00. */
export const NOW = Date.UTC(2026, 10, 25, 10);

export async function type(args: readonly string[], { env = {}, stdin = '', signal }: Typing = {}): Promise<Ended> {
  let out = '';
  let err = '';
  const io: Io = {
    args,
    env,
    out: (text) => void (out += text),
    err: (text) => void (err += text),
    stdin: async () => stdin,
    now: () => NOW,
    signal: signal ?? new AbortController().signal,
  };
  const code = await run(io);
  return { code, out, err };
}

export interface Installation extends AsyncDisposable {
  readonly subjects: Subjects;
  readonly nc: NatsConnection;
  readonly env: Readonly<Record<string, string>>;
  readonly commands: Command[];
  putRecord(key: string, root: object): Promise<void>;
  /** Type and body of the mail that verbs have sent. */
  verbs(): Promise<{ subject: string; type: string; body: unknown }[]>;
}

/** Answers every command with `answers`, one after the other. */
export async function createInstallation(...answers: readonly object[]): Promise<Installation> {
  const ns = `t${process.pid.toString(36)}-${(count++).toString(36)}`;
  const subjects = createSubjects(ns);
  const { streams } = subjects;
  const nc = await connect({ servers: natsUrl() });
  const jsm = await jetstreamManager(nc);
  await jsm.streams.add({ name: streams.commands, subjects: [`${ns}.command.*`], retention: 'workqueue', discard: 'new', max_msgs: 100 });
  await jsm.streams.add({ name: streams.mail, subjects: [`${ns}.mail.>`] });
  await jsm.streams.add({ name: streams.state, subjects: [`${ns}.state.>`, `${ns}.tomb.>`], max_msgs_per_subject: 1, allow_direct: true });
  const commands: Command[] = [];
  // work-queue messages are only stored here; a copy that arrives by core subscription is what the scripted door reads
  const door = nc.subscribe(`${ns}.command.*`, {
    callback(_, message) {
      const command = parseCommand(message.data);
      commands.push(command);
      for (const answer of answers)
        if (command.replyTo !== undefined) nc.publish(command.replyTo, encodeJson({ v: 1, operation: command.id, ...answer }));
    },
  });
  return {
    subjects,
    nc,
    env: { TROUPE_SERVERS: natsUrl(), TROUPE_NS: ns, TROUPE_TIMEOUT: '2s' },
    commands,
    async putRecord(key, root) {
      await jetstream(nc).publish(
        subjects.state({ kind: 'operation', key }),
        encodeJson({ v: 1, w: 'n.1', s: root, fx: [], in: [], nx: {} }),
      );
    },
    async verbs() {
      const { state } = await jsm.streams.info(streams.mail);
      const found = [];
      for (let seq = 1; seq <= state.last_seq; seq++) {
        const message = await jsm.streams.getMessage(streams.mail, { seq });
        if (message !== null) found.push({ subject: message.subject, ...message.json<{ type: string; body: unknown }>() });
      }
      return found;
    },
    async [Symbol.asyncDispose]() {
      door.unsubscribe();
      await Promise.all([streams.commands, streams.mail, streams.state].map((name) => jsm.streams.delete(name)));
      await nc.close();
    },
  };
}

export function operationRoot(more: { phase?: string; head?: object; progress?: object } & Record<string, unknown> = {}): object {
  const { phase = 'running', head, progress, ...rest } = more;
  return {
    v: 1,
    phase,
    head: { executor: 'volume.create', family: 'free', digest: 'd', class: 'regular', createdAt: '2026-11-25T09:55:00.000Z', ...head },
    progress: { done: 1, total: 2, logged: 0, ...progress },
    ...rest,
  };
}

export const endedRoot = (outcome: string, more: object = {}): object =>
  operationRoot({ phase: 'ended', progress: { outcome, endedAt: NOW - 60_000, done: 2, total: 2, logged: 0, ...more } });
