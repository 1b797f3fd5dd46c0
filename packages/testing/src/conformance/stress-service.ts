/**
 * Holds a service to the one start/stop contract: stop twice, before start, during start and after a start that failed
 * are all legal; whoever is told that it stopped may rely on it.
 */
import assert from 'node:assert/strict';
import type { Service } from '@troupe/actor';
import { describe, suiteScope } from './runner.ts';

export interface ServiceFixture {
  readonly service: Service;
  /** True when nothing of it is left: no consumer, subscription, timer, connection. Asked after every stop. */
  isGone?(): boolean | Promise<boolean>;
  close?(): Promise<void>;
}

export interface StressOptions {
  readonly name: string;
  /** Makes a service whose start fails. Without it, that test is pending. */
  readonly makeFailing?: () => Promise<ServiceFixture>;
  /** Rounds of random calls. Default 20. */
  readonly rounds?: number;
}

export function stressService(make: () => Promise<ServiceFixture>, options: StressOptions): void {
  const { test } = suiteScope(make);
  const failing = suiteScope(options.makeFailing ?? make);

  describe(`the life-cycle of ${options.name}`, () => {
    test('goes from idle to running to stopped', async ({ service, isGone }) => {
      assert.equal(service.state, 'idle');
      await service.start();
      assert.equal(service.state, 'running');
      await service.stop('test');
      assert.equal(service.state, 'stopped');
      await assertGone(isGone);
    });

    test('starts once, however often it is asked to', async ({ service }) => {
      await Promise.all([service.start(), service.start()]);
      await service.start();
      assert.equal(service.state, 'running');
      await service.stop();
    });

    test('can be stopped twice, and at once by two', async ({ service, isGone }) => {
      await service.start();
      await Promise.all([service.stop(), service.stop()]);
      await service.stop();
      assert.equal(service.state, 'stopped');
      await assertGone(isGone);
    });

    test('can be stopped before it was started, and does not start any more', async ({ service, isGone }) => {
      await service.stop();
      assert.equal(service.state, 'stopped');
      await assert.rejects(service.start());
      assert.equal(service.state, 'stopped');
      await assertGone(isGone);
    });

    test('can be stopped while it starts', async ({ service, isGone }) => {
      const started = service.start().catch(() => undefined);
      await service.stop();
      await started;
      assert.equal(service.state, 'stopped');
      await assertGone(isGone);
    });

    test('refuses to start again after it was stopped', async ({ service }) => {
      await service.start();
      await service.stop();
      await assert.rejects(service.start());
      assert.equal(service.state, 'stopped');
    });

    test('stops when it is disposed of', async ({ service, isGone }) => {
      await service.start();
      await service[Symbol.asyncDispose]();
      assert.equal(service.state, 'stopped');
      await assertGone(isGone);
    });

    failing.testIf(options.makeFailing !== undefined, 'leaves nothing behind when its start fails', async ({ service, isGone }) => {
      await assert.rejects(service.start());
      await service.stop();
      assert.equal(service.state, 'stopped');
      await assertGone(isGone);
    });

    for (const [name, calls] of mixtures(options.rounds ?? 20)) {
      test(`ends stopped after ${name}`, async ({ service, isGone }) => {
        const running = calls.map((call) => (call === 'start' ? service.start() : service.stop(name)).catch(() => undefined));
        await Promise.all(running);
        await service.stop();
        assert.equal(service.state, 'stopped');
        await assertGone(isGone);
      });
    }
  });
}

async function assertGone(isGone: ServiceFixture['isGone']): Promise<void> {
  if (isGone !== undefined) assert.ok(await isGone(), 'something of the service is left after it stopped');
}

/** Every order of up to four calls at once, as many as asked for. */
function mixtures(rounds: number): [string, ('start' | 'stop')[]][] {
  const out: [string, ('start' | 'stop')[]][] = [];
  for (let length = 2; length <= 4; length++) {
    for (let bits = 0; bits < 2 ** length && out.length < rounds; bits++) {
      const calls = Array.from({ length }, (_, i) => ((bits >> i) & 1 ? ('start' as const) : ('stop' as const)));
      out.push([`${calls.join(', ')} at once`, calls]);
    }
  }
  return out;
}
