import { expect } from 'chai';
import { createBackend } from '@troupe/openstack';
import { createBench } from '../support/bench.ts';
import type { Bench } from '../support/bench.ts';
import { failureOf } from '../support/failure.ts';

/** Waits until a call has reached the cloud and waits there for its latency. */
async function arrivalAt(bench: Bench): Promise<void> {
  while (bench.clock.pending() === 0) await bench.callOpen('GET', '/admin');
}

describe('a signal that ends a call', () => {
  it('ends it while the cloud is still thinking, with the reason of the caller', async () => {
    await using bench = await createBench();
    bench.cloud.control.setLatencies({ call: 1000 });
    const controller = new AbortController();
    const failure = failureOf(bench.backend.getVolume('some', { signal: controller.signal }), 'aborted');
    await arrivalAt(bench);
    const reason = new Error('time limit');
    controller.abort(reason);
    const error = await failure;
    expect(error.cause).to.equal(reason);
    expect([error.retryable, error.outcomeUnknown]).to.deep.equal([false, false]);
  });

  it('leaves the outcome of a change unknown', async () => {
    await using bench = await createBench();
    await bench.backend.listFlavors();
    bench.cloud.control.failCalls({ route: 'nova.servers.delete', effect: { kind: 'slow', ms: 1000 } });
    const controller = new AbortController();
    const failure = failureOf(bench.backend.deleteServer('some', { signal: controller.signal }), 'aborted');
    await arrivalAt(bench);
    controller.abort();
    expect((await failure).outcomeUnknown).to.equal(true);
  });

  it('ends a call that waits for the log-in, and leaves the log-in to the others', async () => {
    await using bench = await createBench();
    bench.cloud.control.failCalls({ route: 'keystone.tokens.create', effect: { kind: 'slow', ms: 1000 } });
    const backend = createBackend(bench.config);
    const controller = new AbortController();
    const given = failureOf(backend.listFlavors({ signal: controller.signal }), 'aborted');
    const other = backend.listFlavors();
    await arrivalAt(bench);
    controller.abort();
    await given;
    bench.clock.advance(1000);
    expect(await other).to.have.length(4);
  });

  it('that is set already lets nothing out', async () => {
    await using bench = await createBench();
    const before = bench.cloud.control.summary().calls.total;
    await failureOf(bench.backend.listFlavors({ signal: AbortSignal.abort() }), 'aborted');
    await failureOf(bench.backend.createVolume({ token: 't', name: 'n', sizeGb: 1 }, { signal: AbortSignal.abort() }), 'aborted');
    expect(bench.cloud.control.summary().calls.total).to.equal(before);
  });
});
