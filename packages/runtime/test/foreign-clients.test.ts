/** Clients that are not ours start operations and read their ends: the wire is open. */
import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { expect } from 'chai';
import { connect as connectOld } from 'nats';
import { connectRuntime, startSupervisor, startThrottle, startWorker } from '@troupe/runtime';
import { testApp } from './app.ts';

let count = 0;

async function setup() {
  const url = process.env['TEST_NATS_URL']!;
  const ns = `foreign-${process.pid}-${count++}`;
  const runtime = await connectRuntime({
    connection: { servers: url },
    ns,
    applyTopology: true,
    storage: 'memory',
    maxLogBytes: 1_048_576,
    partitions: 2,
  });
  const app = testApp();
  const roles = [await startThrottle(runtime, app), await startSupervisor(runtime, app), await startWorker(runtime, app)];
  const command = (id: string): string =>
    JSON.stringify({ v: 1, id, executor: 'chain', createdAt: new Date(runtime.serverNow()).toISOString() });
  return {
    url,
    ns,
    command,
    async [Symbol.asyncDispose]() {
      for (const role of roles.toReversed()) await role.stop();
      await runtime.stop();
    },
  };
}

describe('a client that is not ours', () => {
  it('the nats 2.x package starts an operation by publishing a command and reads its end', async () => {
    await using s = await setup();
    const nc = await connectOld({ servers: s.url });
    try {
      const answers = nc.subscribe(`${s.ns}.answer.old-1`);
      nc.publish(`${s.ns}.command.chain`, new TextEncoder().encode(s.command('old-1')));
      const seen: string[] = [];
      for await (const message of answers) {
        const answer = message.json<{ answer: string; outcome?: string }>();
        seen.push(answer.outcome ?? answer.answer);
        if (answer.answer === 'ended' || answer.answer === 'rejected') break;
      }
      expect(seen).to.deep.equal(['accepted', 'succeeded']);
    } finally {
      await nc.close();
    }
  });

  it('a plain TCP socket that speaks the NATS protocol starts an operation and reads its end', async () => {
    await using s = await setup();
    const { hostname, port } = new URL(s.url.includes('://') ? s.url : `nats://${s.url}`);
    const socket = connectTcp(Number(port), hostname);
    try {
      await once(socket, 'connect');
      const body = s.command('raw-1');
      socket.write('CONNECT {"verbose":false,"pedantic":false,"headers":false}\r\n');
      socket.write(`SUB ${s.ns}.answer.raw-1 1\r\n`);
      socket.write(`PUB ${s.ns}.command.chain ${Buffer.byteLength(body)}\r\n${body}\r\n`);
      let text = '';
      for await (const chunk of socket) {
        text += String(chunk);
        if (text.includes('PING')) socket.write('PONG\r\n');
        if (text.includes('"answer":"ended"') || text.includes('"answer":"rejected"')) break;
      }
      expect(text).to.include('"answer":"accepted"').and.include('"outcome":"succeeded"');
    } finally {
      socket.destroy();
    }
  });
});

describe('bad input', () => {
  const bad: readonly (readonly [string, string, string, string])[] = [
    ['malformed JSON', 'chain', '{"v":1', 'malformed'],
    ['a wrong version', 'chain', '{"v":0,"id":"x"}', 'malformed'],
    ['an unknown executor', 'nothing', '', 'unknown_executor'],
    ['an unknown option', 'chain', '{"options":{"fast":true}}', 'malformed'],
    ['a reply outside of inboxes', 'chain', '{"replyTo":"somebody.else"}', 'malformed'],
  ];
  for (const [what, executor, patch, code] of bad) {
    it(`${what} is answered with ${code}, kept in the dead letters, and no process dies`, async () => {
      await using s = await setup();
      const nc = await connectOld({ servers: s.url });
      try {
        const answers = nc.subscribe('_INBOX.me.answer');
        const dead = nc.subscribe(`${s.ns}.dead.>`);
        const { headers } = await import('nats');
        const h = headers();
        h.set('Troupe-Reply-To', '_INBOX.me.answer');
        const good = { ...(JSON.parse(s.command('bad-1')) as object), executor };
        const body = patch.endsWith('}')
          ? JSON.stringify({ ...good, ...(JSON.parse(patch) as object) })
          : patch === ''
            ? JSON.stringify(good)
            : patch;
        nc.publish(`${s.ns}.command.${executor}`, new TextEncoder().encode(body), { headers: h });
        const first = await answers[Symbol.asyncIterator]().next();
        const answer = (first.value as { json(): unknown }).json() as { answer: string; error: { code: string } };
        expect(answer.answer).to.equal('rejected');
        expect(answer.error.code).to.equal(code);
        const letter = ((await dead[Symbol.asyncIterator]().next()).value as { json(): unknown }).json() as { reason: string };
        expect(letter.reason).to.equal(code);
        const alive = nc.subscribe(`${s.ns}.answer.after`);
        nc.publish(`${s.ns}.command.chain`, new TextEncoder().encode(s.command('after')));
        expect(((await alive[Symbol.asyncIterator]().next()).value as { string(): string }).string()).to.include('accepted');
      } finally {
        await nc.close();
      }
    });
  }
});
