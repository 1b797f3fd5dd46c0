/** A program that wants nothing of Troupe but tokens: holds them around its work, again and again, or once until it is told otherwise. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectNats } from '@troupe/jetstream';
import { createThrottleClient, type RemoteLease } from '@troupe/throttle';

interface Spec {
  readonly servers: string;
  readonly ns: string;
  readonly port: number;
  readonly ttl: `${number}s`;
  /** Pieces of work at once; 0: one that goes on until its lease is lost. */
  readonly parallel: number;
}

const { servers, ns, port, ttl, parallel } = JSON.parse(process.argv[2]!) as Spec;
const nc = await connectNats({ servers });
const throttle = createThrottleClient(nc, { ns, holder: `pid-${process.pid}` });
const say = (what: object): void => void process.stdout.write(`${JSON.stringify(what)}\n`);

async function talk(line: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.setEncoding('utf8');
  socket.write(`${line}\n`);
  const [heard] = (await once(socket, 'data')) as [string];
  if (line.startsWith('write')) return heard.trim();
  await sleep(10);
  socket.end();
  await once(socket, 'close');
  return heard.trim();
}

async function holdUntilLost(lease: RemoteLease): Promise<void> {
  say({ fence: lease.fence });
  let wasAborted = false;
  lease.signal.addEventListener('abort', () => (wasAborted = true));
  while (lease.isHeld) await sleep(20);
  say({ lost: true, wasAborted, code: (lease.signal.reason as { code?: string }).code, wrote: await talk(`write ${lease.fence}`) });
}

say({ ready: true });
if (parallel === 0) {
  const error = await throttle.withTokens('cloud', { vm: 1 }, holdUntilLost, { ttl }).catch((thrown: unknown) => thrown);
  say({ rejected: (error as { code?: string } | undefined)?.code });
  await nc.close();
} else {
  await Promise.all(
    Array.from({ length: parallel }, async () => {
      for (;;) await throttle.withTokens('cloud/tenant', { vm: 1 }, async ({ fence }) => void (await talk(String(fence))), { ttl });
    }),
  );
}
