import { setTimeout as pass } from 'node:timers/promises';
import { needsNats, startNatsServer, startProxy, type TestNatsServer, until } from '@troupe/test-infra';
import { expect } from 'chai';
import { install, type Installation, survives } from './installation.ts';

async function setup(): Promise<{ server: TestNatsServer; at: Installation } & AsyncDisposable> {
  const server = await startNatsServer();
  const at = await install(server.url).catch(async (error: unknown) => {
    await server.stop();
    throw error;
  });
  return {
    server,
    at,
    async [Symbol.asyncDispose]() {
      if (!server.isRunning) await server.restart();
      await at[Symbol.asyncDispose]();
      await server.stop();
    },
  };
}

describe('G6 consumption resumes by itself within 10 s of the return of the broker: none lost, none stuck', function () {
  this.timeout(60_000);
  before(needsNats);

  it('after a stop of 3 s', async () => {
    await using s = await setup();
    await survives(s.at, async () => {
      await s.server.kill();
      // longer than the holds of mail and tasks
      await pass(3_000);
      await s.server.restart();
    });
  });

  it('after 10 restarts in a row, each in the midst of the work', async () => {
    await using s = await setup();
    await survives(s.at, async () => {
      for (let i = 0; i < 10; i++) {
        const before = s.at.ended.size;
        await s.server.restart();
        // every other one comes before anything could resume
        if (i % 2 === 0) await until('something has ended', () => s.at.ended.size > before, 20_000);
      }
    });
  });

  it('after a restart, for roles that start only then', async () => {
    await using s = await setup();
    await survives(s.at, async () => {
      await s.server.kill();
      await s.server.restart();
      await s.at.restartRoles();
    });
  });

  it('after the consumers were deleted under running hosts, and made again', async () => {
    await using s = await setup();
    await survives(s.at, async () => {
      const { nc, subjects } = s.at.runtime;
      for (const stream of [subjects.streams.commands, subjects.streams.mail, subjects.streams.timers, subjects.streams.tasks]) {
        const { consumers } = (await nc.request(`$JS.API.CONSUMER.NAMES.${stream}`, '{}')).json<{ consumers: string[] }>();
        expect(consumers.length).to.be.above(0);
        for (const name of consumers) await nc.request(`$JS.API.CONSUMER.DELETE.${stream}.${name}`);
      }
      await s.at.applyTopology();
    });
  });

  for (const direction of ['both', 'toClient', 'toServer'] as const) {
    it(`after TCP was half open (${direction}): a connection that is up and carries nothing`, async () => {
      const server = await startNatsServer();
      const proxy = await startProxy(server.url);
      try {
        await using at = await install(proxy.url, server.url);
        await survives(at, async () => {
          proxy.stall(direction);
          // liveness is what is heard, not what TCP says
          for await (const { type } of at.runtime.nc.status()) if (type === 'disconnect') break;
          proxy.resume();
        });
      } finally {
        await proxy.stop();
        await server.stop();
      }
    });
  }
});
