import type { Behaviour, PendingEffect } from '@troupe/actor';
import type { TaskEnded } from '@troupe/protocol';
import { expect } from 'chai';
import { createBroker, settle } from './bench.ts';
import { counter } from './counter.ts';

const refused = { code: 'not_permitted', message: 'this user may not publish to x', retryable: false };

/** A broker whose server refuses effects for which `isRefused` says so. */
function setup(isRefused: (effect: PendingEffect) => boolean) {
  const broker = createBroker();
  const server = { isRefused };
  const accepted: PendingEffect[] = [];
  broker.refuse = (effect) => {
    if (server.isRefused(effect)) return refused;
    accepted.push(effect);
    return undefined;
  };
  return { broker, server, accepted };
}

const types = (broker: ReturnType<typeof createBroker>): string[] => broker.events.map(({ type }) => type);

describe('an effect that is refused for good', () => {
  it('quarantines its entity with the reason, and is not tried again and again', async () => {
    const { broker } = setup(({ type }) => type === 'send');
    const host = broker.host(counter());
    broker.post('a', 'add');
    await broker.deliverAll(host);
    expect(broker.root('a')?.q?.reason).to.equal('not_permitted: this user may not publish to x');
    expect(broker.root('a')?.s).to.include({ count: 1 });
    expect(types(broker)).to.include('quarantined').and.not.to.include('putOff');
    expect(broker.mail.size, 'what was applied is acknowledged').to.equal(0);
    await broker.clock.advance(60_000);
    expect(broker.emitted).to.have.lengthOf(1);
  });

  it('leaves once it is permitted and the entity released, also from another host, and its entity goes on', async () => {
    const { broker, server, accepted } = setup(({ type }) => type === 'send');
    const first = broker.host(counter());
    broker.post('a', 'add');
    await broker.deliverAll(first);
    await first.stop();
    const host = broker.host(counter());
    broker.post('a', 'add');
    await broker.deliverAll(host);
    expect(accepted, 'a quarantined record emits nothing').to.deep.equal([]);
    expect(broker.putOffs).to.have.lengthOf(1);
    server.isRefused = () => false;
    broker.post('a', 'verb.release', null, { sender: 'verb' });
    await broker.deliverAll(host);
    await broker.deliverAll(host);
    expect(broker.root('a')?.q).to.equal(undefined);
    expect(broker.root('a')?.s).to.include({ count: 2 });
    expect(accepted.map(({ id }) => id))
      .to.have.lengthOf(2)
      .and.include(broker.emitted[0]!.id);
    expect(broker.mail.size).to.equal(0);
  });

  it('quarantines it anew where it is released too early', async () => {
    const { broker, accepted } = setup(({ type }) => type === 'send');
    const host = broker.host(counter());
    broker.post('a', 'add');
    await broker.deliverAll(host);
    broker.post('a', 'verb.release', null, { sender: 'verb' });
    await broker.deliverAll(host);
    expect(broker.root('a')?.q?.reason).to.match(/^not_permitted/);
    expect([broker.emitted.length, accepted.length, broker.mail.size]).to.deep.equal([2, 0, 0]);
  });

  it('is found by the next host when the first one died before it could say so', async () => {
    const { broker } = setup(({ type }) => type === 'send');
    const host = broker.host(counter());
    broker.post('a', 'add');
    let commits = 0;
    broker.fault = (call) => {
      // the turn is stored, its mark is not
      return call === 'commit' && ++commits > 1 ? new Promise(() => undefined) : undefined;
    };
    await broker.deliverAll(host);
    expect(broker.root('a')?.q).to.equal(undefined);
    broker.fault = () => undefined;
    await broker.deliverAll(broker.host(counter()));
    expect(broker.root('a')?.q?.reason).to.match(/^not_permitted/);
    expect(broker.root('a')?.fx.map(({ type }) => type)).to.deep.equal(['send']);
  });

  it('is told as the failure of a task to whoever ordered it, who goes on', async () => {
    const ended: TaskEnded[] = [];
    const orders: Behaviour<{ sent: boolean; failed: string }> = {
      kind: 'counter',
      activate: (_key, record) => ({ sent: false, failed: '', ...(record?.root as object) }),
      receive(state, { type, body, sender }, { self }) {
        if (type === 'task.ended' && sender === 'task-gpu') {
          const told = body as unknown as TaskEnded;
          ended.push(told);
          state.failed = told.outcome.kind === 'failed' ? told.outcome.error.code : '';
        }
        if (type !== 'order' || state.sent) return [];
        state.sent = true;
        const task = { v: 1, id: 't', task: 'work', input: null, attempt: 2, attempts: 5, token: 'k', step: 's', replyTo: self } as const;
        return [{ type: 'task', class: 'regular', pool: 'gpu', message: { ...task, idempotencyToken: 'i', timeLimitMs: 1, orderedAt: 1 } }];
      },
      root: (state) => ({ ...state }),
    };
    const { broker } = setup(({ type }) => type === 'task');
    broker.post('a', 'order');
    await broker.deliverAll(broker.host(orders));
    await settle();
    expect(ended).to.have.lengthOf(1);
    expect(ended[0]).to.deep.include({ step: 's', attempt: 2, token: 'k', outcome: { kind: 'failed', error: refused } });
    expect(broker.root('a')?.s).to.deep.equal({ sent: true, failed: 'not_permitted' });
    expect([broker.root('a')?.q, broker.mail.size]).to.deep.equal([undefined, 0]);
  });
});
