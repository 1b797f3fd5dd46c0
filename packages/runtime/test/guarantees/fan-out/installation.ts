/** Schedulers as processes, a worker in this one, and what the records of a schedule and its fan-out say. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { entityRecordOf } from '@troupe/actor/internal';
import { createRecordStore, encodeMail } from '@troupe/jetstream/internal';
import type { Json } from '@troupe/protocol';
import { connectRuntime, startScheduler, startWorker } from '@troupe/runtime';
import type { Outcome, ScheduleDefinition } from '@troupe/schedule';
import { startSource } from '@troupe/test-infra';
import { type Backend, fanOutApp, noHandlers, shape } from './app.ts';

const KEY = 'pulls';
let count = 0;

export async function startFanOut(backend: Backend) {
  const url = process.env['TEST_NATS_URL']!;
  const ns = `fan-out-${process.pid}-${count++}`;
  const connection = { servers: url };
  const runtime = await connectRuntime({ connection, ns, applyTopology: true, ...shape });
  const { nc, publisher, subjects } = runtime;
  const records = createRecordStore({ nc, publisher, subjects, serverNow: () => runtime.serverNow() });
  const children = new Set<ChildProcess>();
  const own = await connectRuntime({ connection, ns, ...shape });
  const worker = await startWorker(own, fanOutApp(backend), { graceMs: 50 });
  const stops = [() => worker.stop(), () => own.stop()];
  let mails = 0;

  const rootOf = async (kind: string): Promise<Json | undefined> => {
    const loaded = await records.load({ kind, key: KEY });
    return loaded === undefined ? undefined : entityRecordOf(loaded)?.root;
  };
  return {
    runtime,
    async serve(): Promise<void> {
      const mine = await connectRuntime({ connection, ns, ...shape });
      const service = await startScheduler(mine, noHandlers);
      stops.push(async () => {
        await service.stop();
        await mine.stop();
      });
    },
    spawn: (): Promise<ChildProcess> =>
      startSource(new URL('role.ts', import.meta.url), [JSON.stringify({ url, ns })], { children }) as Promise<ChildProcess>,
    async kill(child: ChildProcess): Promise<void> {
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    },
    async verb(verb: string, body: Json = {}): Promise<void> {
      const mail = encodeMail({ id: `verb.${mails++}`, type: `verb.${verb}`, body });
      await publisher.publish(subjects.mail({ kind: 'schedule', key: KEY }, 'verb'), mail);
    },
    async runNow(definition: ScheduleDefinition): Promise<void> {
      await this.verb('define', { definition: definition as unknown as Json });
      await this.verb('runNow');
    },
    /** Outcomes of the schedule, oldest first. */
    async outcomes(): Promise<readonly Outcome[]> {
      return ((await rootOf('schedule')) as { outcomes?: Outcome[] } | undefined)?.outcomes ?? [];
    },
    fanout: async () => (await rootOf('fanout')) as { live: [string, Json][] } | undefined,
    async [Symbol.asyncDispose]() {
      for (const stop of stops) await stop();
      for (const child of children) if (child.exitCode === null && child.signalCode === null) await this.kill(child);
      await runtime.stop();
    },
  };
}
