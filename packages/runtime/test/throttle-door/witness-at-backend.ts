/**
 * A backend that counts who works on it at this moment: a connection is a piece of work, and ends with the process that made it, however that
 * ends. The first line of a connection is the fence; one below the highest that was seen is refused, as a careful backend would.
 */
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';

export async function startWitness() {
  const open = new Set<Socket>();
  const fences: number[] = [];
  let peak = 0;
  let done = 0;
  const server = createServer((socket) => {
    socket.setEncoding('utf8');
    socket.on('error', () => undefined);
    socket.once('data', (line: string) => {
      const fence = Number(line.trim());
      const [verb] = line.split(' ');
      if (verb === 'write') {
        socket.end(Number(line.split(' ')[1]) < Math.max(0, ...fences) ? 'refused\n' : 'written\n');
        return;
      }
      fences.push(fence);
      open.add(socket);
      peak = Math.max(peak, open.size);
      socket.write('begun\n');
    });
    let isDone = false;
    socket.on('end', () => {
      isDone = open.has(socket);
      // before it is told that it has ended: who hears that may give its token back
      open.delete(socket);
      socket.end();
    });
    socket.on('close', (hadError) => {
      if (isDone && !hadError) done++;
      open.delete(socket);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    peak: () => peak,
    /** Pieces of work that ended, by their own will or with their process. */
    done: () => done,
    working: () => open.size,
    fences: () => fences,
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
