/**
 * The one start/stop contract. Hosts, workers, publishers and doors implement it: stop twice, before start and during
 * start are all legal, and `stop` resolves when nothing of it is left.
 */
export type ServiceState = 'idle' | 'starting' | 'running' | 'stopping' | 'stopped';

export interface Service extends AsyncDisposable {
  readonly state: ServiceState;
  start(): Promise<void>;
  /** Stops pulling, finishes or hands back what is in hand, confirms, closes. */
  stop(reason?: string): Promise<void>;
}

/** Builds the state machine of a service around two functions. `stop` runs also after a `start` that failed half-way. */
export function createService(name: string, parts: { start(): Promise<void>; stop(reason: string): Promise<void> }): Service {
  let state: ServiceState = 'idle';
  let starting: Promise<void> | undefined;
  let stopping: Promise<void> | undefined;
  const service: Service = {
    get state() {
      return state;
    },
    start() {
      if (state === 'stopping' || state === 'stopped') return Promise.reject(new Error(`${name} was stopped`));
      if (starting !== undefined) return starting;
      state = 'starting';
      starting = parts.start().then(
        () => {
          if (state === 'starting') state = 'running';
        },
        async (error: unknown) => {
          // stop() waits for a start under way; this one is over, so it must not look as if it were
          if (state === 'starting') state = 'running';
          await service.stop('start failed').catch(() => undefined);
          throw error;
        },
      );
      return starting;
    },
    stop(reason = 'stop') {
      if (stopping !== undefined) return stopping;
      const before = state;
      state = 'stopping';
      stopping = (async () => {
        // a start under way is let through to its end: half-open connections are worse than a late stop
        if (before === 'starting') await starting?.catch(() => undefined);
        try {
          if (before !== 'idle') await parts.stop(reason);
        } finally {
          state = 'stopped';
        }
      })();
      return stopping;
    },
    [Symbol.asyncDispose]: () => service.stop('dispose'),
  };
  return service;
}
