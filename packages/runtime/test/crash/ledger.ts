/** The simulated cloud: objects under the token of whoever made them, counted, over HTTP. It outlives every process. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Ledger extends AsyncDisposable {
  readonly url: string;
  /** How often each object was made, by its token. */
  readonly made: ReadonlyMap<string, number>;
  /** Calls that a closed ledger has not answered yet. */
  readonly waiting: number;
  /** From now on no call is answered. */
  close(): void;
  /** Answers what waits, in its order. */
  open(): void;
}

/** So many looks at an operation find it building. */
const BUILDING_LOOKS = 4;

export async function startLedger(): Promise<Ledger> {
  const made = new Map<string, number>();
  const looks = new Map<string, number>();
  let waiting: (() => void)[] | undefined;
  const server = createServer((request, response) => {
    const answer = (): void => {
      const [, what, name] = request.url!.split('/') as [string, string, string];
      const token = decodeURIComponent(name);
      if (what === 'looks') {
        const count = (looks.get(token) ?? 0) + 1;
        looks.set(token, count);
        response.end(count > BUILDING_LOOKS ? 'available' : 'building');
        return;
      }
      if (request.method === 'POST' || (request.method === 'PUT' && !made.has(token))) made.set(token, (made.get(token) ?? 0) + 1);
      response.writeHead(made.has(token) ? 200 : 404).end();
    };
    if (waiting === undefined) answer();
    else waiting.push(answer);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    made,
    get waiting() {
      return waiting?.length ?? 0;
    },
    close() {
      waiting ??= [];
    },
    open() {
      const answers = waiting ?? [];
      waiting = undefined;
      for (const answer of answers) answer();
    },
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
