/**
 * A TCP proxy that is the network between a client and a server, with the faults of one. Point the client at `url`.
 *
 * A client that learns other addresses from the server goes around the proxy: connect with `ignoreClusterUpdates: true`.
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { trackLeak } from './leaks.ts';
import { createPipe, type Direction, type Pipe, type PipeFaults } from './proxy-pipe.ts';

export type { Direction };

export interface FaultProxy extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** Connections that are open now, and bytes passed on so far. */
  readonly stats: { readonly connections: number; readonly toServer: number; readonly toClient: number };
  /** Resets all connections and refuses new ones until `resume()`. */
  cut(): void;
  /** Resets all connections; new ones are accepted. What was held or late is lost. */
  disconnect(): void;
  /**
   * Stops the bytes of one direction (or both) without closing anything, for live and new connections. `resume()` lets what was held arrive late, as a
   * healed network does; `disconnect()` loses it: that is a lost acknowledgement.
   */
  stall(direction?: Direction | 'both'): void;
  /** Passes every chunk on that much later. 0 ends it. */
  delay(delayMs: number, direction?: Direction | 'both'): void;
  /** Resets a connection instead of passing on the first chunk for which `condition` holds. Once; later connections are sound. */
  cutWhen(direction: Direction, condition: (chunk: Buffer) => boolean): void;
  /** Ends every fault. */
  resume(): void;
  stop(): Promise<void>;
}

interface Link {
  readonly client: Socket;
  readonly server: Socket;
  readonly pipes: readonly Pipe[];
}

/** @param target `nats://127.0.0.1:4222`, `http://…`, anything with a host and a port */
export async function startProxy(target: string): Promise<FaultProxy> {
  const { protocol, hostname, port: targetPort } = new URL(target);
  const links = new Set<Link>();
  const faults: Record<Direction, PipeFaults> = {
    toServer: { isStalled: false, delayMs: 0 },
    toClient: { isStalled: false, delayMs: 0 },
  };
  const bytes = { toServer: 0, toClient: 0 };
  let isCut = false;

  const reset = (link: Link) => {
    links.delete(link);
    for (const pipe of link.pipes) pipe.stop();
    end(link.client);
    end(link.server);
  };
  const listener = createServer({ allowHalfOpen: true }, (client) => {
    client.on('error', () => {});
    if (isCut) return void client.resetAndDestroy();
    const server = connect({ host: hostname, port: Number(targetPort), allowHalfOpen: true });
    client.setNoDelay(true);
    server.setNoDelay(true);
    const onReset = () => reset(link);
    const link: Link = {
      client,
      server,
      pipes: [
        createPipe(client, server, faults.toServer, onReset, (count) => (bytes.toServer += count)),
        createPipe(server, client, faults.toClient, onReset, (count) => (bytes.toClient += count)),
      ],
    };
    links.add(link);
    const forget = () => client.destroyed && server.destroyed && links.delete(link);
    client.on('close', forget);
    server.on('close', forget);
    // nobody listens behind us: the client sees the refusal as a reset
    server.once('error', () => !server.remoteAddress && reset(link));
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  listener.unref();

  const of = (direction: Direction | 'both'): Direction[] => (direction === 'both' ? ['toServer', 'toClient'] : [direction]);
  const update = () => {
    for (const link of links) for (const pipe of link.pipes) pipe.update();
  };
  const disconnect = () => {
    for (const link of [...links]) reset(link);
  };
  const stop = async () => {
    untrack();
    disconnect();
    if (listener.listening) await new Promise((resolve) => listener.close(resolve));
  };
  const untrack = trackLeak('proxy', stop);

  return {
    url: `${protocol}//127.0.0.1:${port}`,
    port,
    get stats() {
      return { connections: links.size, ...bytes };
    },
    cut() {
      isCut = true;
      disconnect();
    },
    disconnect,
    stall(direction = 'both') {
      for (const each of of(direction)) faults[each].isStalled = true;
      update();
    },
    delay(delayMs, direction = 'both') {
      for (const each of of(direction)) faults[each].delayMs = delayMs;
    },
    cutWhen(direction, condition) {
      faults[direction].cutWhen = (chunk) => {
        const isHit = condition(chunk);
        if (isHit) faults[direction].cutWhen = undefined;
        return isHit;
      };
    },
    resume() {
      isCut = false;
      for (const each of of('both')) Object.assign(faults[each], { isStalled: false, delayMs: 0, cutWhen: undefined });
      update();
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** A reset; but a socket that is just shutting down refuses one and would then never be closed at all: the process could not end. */
function end(socket: Socket): void {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}
