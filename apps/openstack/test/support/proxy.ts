import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Proxy extends AsyncDisposable {
  readonly url: string;
  /** What it answers itself, by the path of a request; undefined = the cloud does. */
  answer: (path: string) => { readonly status: number; readonly body: string } | undefined;
}

/** Stands before a cloud, as a broken load balancer does. The catalogue of a token leads through it. */
export async function createProxy(cloud: string): Promise<Proxy> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const own = proxy.answer(request.url ?? '');
      if (own !== undefined) {
        response.writeHead(own.status).end(own.body);
        return;
      }
      const headers = new Headers(
        Object.entries(request.headers).flatMap(([name, value]) =>
          name === 'host' ? [] : ([[name, String(value)]] as [string, string][]),
        ),
      );
      headers.set('x-forwarded-host', request.headers.host ?? '');
      const body = chunks.length === 0 ? {} : { body: Buffer.concat(chunks) };
      void fetch(cloud + request.url, { method: request.method ?? 'GET', headers, ...body }).then(async (answer) => {
        const text = (await answer.text()).replaceAll(cloud, proxy.url);
        response
          .writeHead(answer.status, Object.fromEntries([...answer.headers].filter(([name]) => !name.startsWith('content-'))))
          .end(text);
      });
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy: Proxy = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    answer: () => undefined,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return proxy;
}
