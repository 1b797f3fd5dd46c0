/** A backend that counts: builds that begin, go on for their time or until the test ends them, and can be looked at. Over HTTP, so that any process reaches it. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

interface Build {
  readonly fence: number;
  /** Order in which builds began. */
  readonly n: number;
  isDone: boolean;
  /** Monotonic milliseconds. */
  readonly from: number;
  to: number;
}

export interface BackendOptions {
  /** How long a build takes. Default: until the test ends it. */
  readonly buildMs?: number;
}

export async function startBackend({ buildMs }: BackendOptions = {}) {
  const builds = new Map<string, Build>();
  const timers = new Set<NodeJS.Timeout>();
  let building = 0;
  let peak = 0;
  const listeners = new Map<string, (() => void)[]>();
  const finish = (name: string): void => {
    const build = builds.get(name);
    if (build === undefined || build.isDone) return;
    build.isDone = true;
    build.to = performance.now();
    building--;
    for (const listener of listeners.get(name) ?? []) listener();
    listeners.delete(name);
  };
  const server = createServer((request, response) => {
    const url = new URL(request.url!, 'http://backend');
    const name = decodeURIComponent(url.pathname.slice(1));
    // the name is the client's token: a second call finds what the first has begun
    if (request.method === 'POST' && !builds.has(name)) {
      builds.set(name, {
        fence: Number(url.searchParams.get('fence')),
        n: builds.size,
        isDone: false,
        from: performance.now(),
        to: Infinity,
      });
      peak = Math.max(peak, ++building);
      if (buildMs !== undefined) {
        const timer = setTimeout(() => {
          timers.delete(timer);
          finish(name);
        }, buildMs);
        timers.add(timer);
      }
    }
    const answer = (): void => void response.end(JSON.stringify({ isDone: builds.get(name)?.isDone ?? false }));
    if (!url.searchParams.has('wait') || builds.get(name)!.isDone) return answer();
    listeners.set(name, [...(listeners.get(name) ?? []), answer]);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    finish,
    began: (name: string) => builds.has(name),
    /** Names in the order in which they began. */
    order: () => [...builds.keys()],
    fences: () => [...builds.values()].map((build) => build.fence),
    count: () => builds.size,
    /** Share of so many tokens that was under a build, from when they were all taken to when the last build began. */
    utilisation(limit: number): number {
      const all = [...builds.values()];
      const [from, to] = [all[limit - 1]!.from, all.at(-1)!.from];
      const used = all.reduce((sum, build) => sum + Math.max(0, Math.min(build.to, to) - Math.max(build.from, from)), 0);
      return used / (limit * (to - from));
    },
    /** Most builds that went on at once. */
    peak: () => peak,
    stop() {
      for (const timer of timers) clearTimeout(timer);
      server.closeAllConnections();
      server.close();
    },
  };
}
