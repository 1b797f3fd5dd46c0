/** Figures of a role for Prometheus and its like: text over HTTP, on the loopback unless told otherwise. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createService, type Service } from '@troupe/actor';
import { TroupeError } from '@troupe/protocol';
import type { Registry } from 'prom-client';

export interface MetricsAddress {
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
}

/** `9464`, `0.0.0.0:9464`, `[::]:9464`. Throws `invalid_options`. */
export function parseMetricsAddress(text: string): MetricsAddress {
  const [, host, port] = /^(?:(\[[0-9A-Fa-f:.]+\]|[^\s:[\]]+):)?(\d{1,5})$/.exec(text) ?? [];
  if (port === undefined || Number(port) > 65_535)
    throw new TroupeError('invalid_options', `metrics: ${text} is neither a port nor host:port`, { field: 'metrics' });
  return { host: (host ?? '127.0.0.1').replace(/^\[|\]$/g, ''), port: Number(port) };
}

export interface MetricsEndpoint extends Service {
  /** Once started. */
  readonly url: string;
}

/** GET /metrics. Rejects with `invalid_options` when it starts and the address is taken or none of this machine. */
export function createMetricsEndpoint(registry: Registry, { host, port }: MetricsAddress): MetricsEndpoint {
  let server: Server | undefined;
  let url = '';
  const service = createService('metrics', {
    async start() {
      server = createServer((request, response) => {
        const answer = (status: number, type: string, body: string): void => {
          response.writeHead(status, { 'content-type': type }).end(body);
        };
        if (request.method !== 'GET' || request.url?.split('?')[0] !== '/metrics') return answer(404, 'text/plain', 'GET /metrics\n');
        registry.metrics().then(
          (text) => answer(200, registry.contentType, text),
          (error: unknown) => answer(500, 'text/plain', `${String(error)}\n`),
        );
      });
      const listening = server;
      await new Promise<void>((resolve, reject) => listening.once('error', reject).listen(port, host, resolve)).catch((cause: Error) => {
        throw new TroupeError('invalid_options', `metrics: ${cause.message}`, { field: 'metrics', cause });
      });
      const { address, family, port: at } = server.address() as AddressInfo;
      url = `http://${family === 'IPv6' ? `[${address}]` : address}:${at}/metrics`;
    },
    async stop() {
      const stopping = server;
      if (stopping === undefined) return;
      await new Promise<void>((resolve) => {
        stopping.close(() => resolve());
        stopping.closeAllConnections();
      });
    },
  });
  return Object.defineProperty(service as MetricsEndpoint, 'url', { get: () => url });
}
