/**
 * The providers that the clock asks: simulated clouds of their own, over HTTP, with the times, errors and the silence of the model. They are
 * not the cloud of the users, which is to notice nothing.
 */
import { type Backend, createBackend, isBackendError } from '../backend/index.ts';
import { type SimulatedCloud, startCloud } from '../cloud/index.ts';
import type { DayModel } from './model.ts';

export interface DayProviders {
  start(): Promise<void>;
  /** The day begins now: the outage comes at its time, in which the provider takes every call and answers none. */
  begin(): void;
  /** The n-th call of the day: one list of that provider. */
  look(provider: number, n: number, signal: AbortSignal): Promise<Looked>;
  stop(): Promise<void>;
}

/** Of one call; a run may make several. */
const CALL_LIMIT_MS = 3_000;
/** A call that was not answered is answered after so long: nobody waits any more. */
const SILENCE_MS = 30_000;

export type Looked = 'ok' | 'error' | 'outage';

/** What is asked for, in turns. */
const lists: readonly ((backend: Backend, options: { readonly signal: AbortSignal }) => Promise<unknown>)[] = [
  (backend, options) => backend.listServerIds(options),
  (backend, options) => backend.listVolumeIds(options),
  (backend, options) => backend.listSnapshots(options),
  (backend, options) => backend.listFloatingIps({}, options),
  (backend, options) => backend.listSecurityGroups(options),
  (backend, options) => backend.listNetworks(options),
  (backend, options) => backend.listServerGroups(options),
];

export function createDayProviders(model: DayModel): DayProviders {
  const clouds: SimulatedCloud[] = [];
  const backends: Backend[] = [];
  let noon: NodeJS.Timeout | undefined;
  const silence = (): void => {
    const control = clouds.at(-1)!.control;
    const fault = control.failCalls({ route: '*', times: 0, effect: { kind: 'slow', ms: SILENCE_MS } });
    noon = setTimeout(() => control.removeFault(fault), model.outage.forMs);
  };
  return {
    async start() {
      for (let n = 0; n < model.providers; n++) {
        const cloud = await startCloud({ seed: model.seed + n, latencies: { call: model.callMs }, logCapacity: 100 });
        clouds.push(cloud);
        backends.push(createBackend({ authUrl: cloud.authUrl, username: 'demo', password: 'demo', projectName: 'demo' }));
      }
      // all are logged in: who logs in at noon would keep everybody waiting
      await Promise.all(backends.map((backend) => backend.listNetworks()));
    },
    begin() {
      noon = setTimeout(silence, model.outage.startsAtMs);
    },
    async look(provider, n, signal) {
      // it may hit another call of the same moment: one in so many it is all the same
      if (model.isError(n)) clouds[provider]!.control.failCalls({ route: '*', effect: { kind: 'status', status: 500 } });
      try {
        await lists[n % lists.length]!(backends[provider]!, { signal: AbortSignal.any([signal, AbortSignal.timeout(CALL_LIMIT_MS)]) });
        return 'ok';
      } catch (error) {
        if (!isBackendError(error)) throw error;
        return error.code === 'aborted' ? 'outage' : 'error';
      }
    },
    async stop() {
      clearTimeout(noon);
      for (const cloud of clouds.splice(0)) await cloud.stop();
    },
  };
}
