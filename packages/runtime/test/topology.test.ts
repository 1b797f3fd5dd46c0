// needs TEST_NATS_URL
import { isTroupeError } from '@troupe/protocol';
import { connectRuntime, startScheduler, startSupervisor, startThrottle, startWorker } from '@troupe/runtime';
import { expect } from 'chai';
import { testApp } from './app.ts';

let count = 0;

async function setup() {
  const connection = { servers: process.env['TEST_NATS_URL']! };
  const topology = { storage: 'memory', maxLogBytes: 1_048_576, partitions: 1 } as const;
  const runtime = await connectRuntime({ connection, ns: `shape-${process.pid}-${count++}`, applyTopology: true, ...topology });
  const remove = async (api: string): Promise<void> => void (await runtime.nc.request(`$JS.API.${api}`));
  return {
    runtime,
    removeStream: (stream: string) => remove(`STREAM.DELETE.${stream}`),
    removeDurable: (stream: string, durable: string) => remove(`CONSUMER.DELETE.${stream}.${durable}`),
    async [Symbol.asyncDispose]() {
      for (const stream of Object.values(runtime.subjects.streams)) await this.removeStream(stream);
      for (const bucket of Object.values(runtime.subjects.buckets)) await this.removeStream(`KV_${bucket}`);
      await runtime.stop();
    },
  };
}

type Setup = Awaited<ReturnType<typeof setup>>;

async function refusal(starting: Promise<{ stop(): Promise<void> }>): Promise<string> {
  try {
    await (await starting).stop();
  } catch (error) {
    if (isTroupeError(error) && error.code === 'topology_mismatch') return error.field!.replace(/^shape-[\d-]+_/, '');
    throw error;
  }
  return 'it started';
}

describe('a role refuses to start on a topology that it cannot live with', () => {
  const roles: [
    string,
    (at: Setup) => Promise<{ stop(): Promise<void> }>,
    (streams: Setup['runtime']['subjects']['streams']) => [string, string],
    string,
  ][] = [
    ['supervisor', ({ runtime }) => startSupervisor(runtime, testApp()), (s) => [s.commands, 'door'], 'COMMANDS/door'],
    ['supervisor', ({ runtime }) => startSupervisor(runtime, testApp()), (s) => [s.mail, 'supervisor_0'], 'MAIL/supervisor_0'],
    ['throttle', ({ runtime }) => startThrottle(runtime, testApp()), (s) => [s.timers, 'throttle_0'], 'TIMERS/throttle_0'],
    ['scheduler', ({ runtime }) => startScheduler(runtime, testApp()), (s) => [s.timers, 'scheduler_0'], 'TIMERS/scheduler_0'],
    ['worker', ({ runtime }) => startWorker(runtime, testApp()), (s) => [s.tasks, 'heavy_default'], 'TASKS/heavy_default'],
  ];
  for (const [role, start, durable, field] of roles) {
    it(`${role}: ${field} is missing`, async () => {
      await using at = await setup();
      await at.removeDurable(...durable(at.runtime.subjects.streams));
      expect(await refusal(start(at))).to.equal(field);
    });
  }

  it('worker: a pool that the topology has not, and one of which it serves only some classes', async () => {
    await using at = await setup();
    expect(await refusal(startWorker(at.runtime, testApp(), { pools: ['gpu'] }))).to.equal('TASKS/regular_gpu');
    await at.removeDurable(at.runtime.subjects.streams.tasks, 'heavy_default');
    const slots = { heavy: { floor: 0, ceiling: 0 } };
    expect(await refusal(startWorker(at.runtime, testApp(), { slots }))).to.equal('it started');
  });

  it('worker: results cannot be kept', async () => {
    await using at = await setup();
    await at.removeStream(at.runtime.subjects.streams.results);
    expect(await refusal(startWorker(at.runtime, testApp()))).to.equal('RESULTS');
  });
});
