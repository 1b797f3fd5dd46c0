/** A namespace of its own on the server of the run, with streams as `applyTopology` makes them; all is gone with the test. */
import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/nats-core';
import { applyTopology, connectNats, createPublisher, type Publisher, type TopologyOptions } from '@troupe/jetstream';
import { wantedTopology } from '@troupe/jetstream/internal';
import { createSubjects, type Subjects } from '@troupe/protocol';
import { natsUrl } from './stream.ts';

let count = 0;

export interface TestInstallation extends AsyncDisposable {
  readonly nc: NatsConnection;
  readonly jsm: JetStreamManager;
  readonly publisher: Publisher;
  readonly subjects: Subjects;
  readonly topology: TopologyOptions;
  /** Bodies of all messages of a stream whose subject begins so, in order. */
  stored(stream: string, subject?: string): Promise<{ subject: string; headers: Record<string, string>; body: unknown }[]>;
}

export async function createInstallation(options: Partial<TopologyOptions> & { readonly apply?: boolean } = {}): Promise<TestInstallation> {
  const { apply = true, ...more } = options;
  const subjects = createSubjects(`i${process.pid.toString(36)}-${count++}`);
  const topology: TopologyOptions = { subjects, partitions: 2, storage: 'memory', maxLogBytes: 1_048_576, ...more };
  const nc = await connectNats({ servers: natsUrl() });
  const jsm = await jetstreamManager(nc);
  if (apply) await applyTopology(nc, topology);
  const publisher = createPublisher(nc);
  await publisher.start();
  return {
    nc,
    jsm,
    publisher,
    subjects,
    topology,
    async stored(stream, subject = '') {
      const { state } = await jsm.streams.info(stream);
      const found = [];
      for (let seq = Math.max(1, state.first_seq); seq <= state.last_seq; seq++) {
        const message = await jsm.streams.getMessage(stream, { seq }).catch(() => null);
        if (message === null || !message.subject.startsWith(subject)) continue;
        const headers = Object.fromEntries([...message.header].map(([name, values]) => [name, values[0] ?? '']));
        const text = message.string();
        found.push({ subject: message.subject, headers, body: text === '' ? '' : (JSON.parse(text) as unknown) });
      }
      return found;
    },
    async [Symbol.asyncDispose]() {
      await publisher.stop();
      for (const { config } of wantedTopology(topology)) await jsm.streams.delete(config.name).catch(() => undefined);
      await nc.close();
    },
  };
}
