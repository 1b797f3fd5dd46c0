import { expect } from 'chai';
import type { Clock } from '@troupe/actor';
import { systemClock } from '@troupe/actor';
import { connectNats, createServerClock } from '@troupe/jetstream';
import { startProxy, until } from '@troupe/test-infra';
import { createStream, failure, natsUrl } from './support/stream.ts';

describe('the clock of the server', () => {
  it('tells the time of the server, which here is ours', async () => {
    await using s = await createStream();
    const clock = createServerClock({ nc: s.nc, stream: s.name });
    expect(() => clock.now()).to.throw();
    await clock.start();
    expect(Math.abs(clock.now() - Date.now())).to.be.at.most(2 + clock.errorMs());
    expect(clock.errorMs()).to.be.below(10_000);
    await clock.stop();
  });

  it('does not believe the clock of its host', async () => {
    await using s = await createStream();
    // a host that believes it is 1970, and runs since an hour
    const wrong: Clock = { ...systemClock, now: () => 0, monotonic: () => performance.now() + 3_600_000 };
    const clock = createServerClock({ nc: s.nc, stream: s.name, clock: wrong });
    await clock.start();
    expect(Math.abs(clock.now() - Date.now())).to.be.at.most(2 + clock.errorMs());
    await clock.stop();
  });

  it('halves the round trip, knows how wrong it may be, and takes a better sample when there is one', async () => {
    await using s = await createStream();
    const proxy = await startProxy(natsUrl());
    const slow = await connectNats({ servers: proxy.url });
    proxy.delay(60);
    const clock = createServerClock({ nc: slow, stream: s.name, refreshMs: 50 });
    await clock.start();
    expect(clock.errorMs()).to.be.within(50, 10_000);
    expect(Math.abs(clock.now() - Date.now())).to.be.at.most(clock.errorMs());
    proxy.resume();
    await until('a better sample was taken', () => clock.errorMs() < 20);
    expect(Math.abs(clock.now() - Date.now())).to.be.at.most(2 + clock.errorMs());
    await clock.stop();
    await slow.close();
    await proxy.stop();
  });

  it('goes on in an outage', async () => {
    await using s = await createStream();
    const proxy = await startProxy(natsUrl());
    const far = await connectNats({ servers: proxy.url });
    const clock = createServerClock({ nc: far, stream: s.name, refreshMs: 20 });
    await clock.start();
    proxy.cut();
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(Math.abs(clock.now() - Date.now())).to.be.at.most(5 + clock.errorMs());
    await clock.stop();
    await far.close();
    await proxy.stop();
  });

  it('does not start on a stream that is not there', async () => {
    await using s = await createStream();
    const clock = createServerClock({ nc: s.nc, stream: 'NOT_THERE' });
    expect(await failure(clock.start())).to.include({ code: 'topology_mismatch' });
  });
});
