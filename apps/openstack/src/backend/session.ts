import { z } from 'zod';
import type { BackendConfig } from './config.ts';
import { BackendError, isBackendError } from './errors.ts';
import { logIn } from './log-in.ts';
import type { BackendService, Grant } from './log-in.ts';
import { exchange } from './transport.ts';
import type { HttpRequest } from './transport.ts';

/** What every call takes. */
export interface CallOptions {
  /** Ends the call at once, with code `aborted`. */
  readonly signal?: AbortSignal | undefined;
}

export interface ServiceRequest extends CallOptions {
  readonly service: BackendService;
  readonly method: HttpRequest['method'];
  /** Below the endpoint of the catalogue: `/volumes/…`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>> | undefined;
  readonly body?: unknown;
}

/**
 * A session with one project of one cloud. It authenticates when the first call needs it, and again when a call is answered with 401:
 * once per token, whatever the number of calls that meet it, and each call is repeated once.
 */
export interface Session {
  /** @throws BackendError */
  call<S extends z.ZodType>(request: ServiceRequest, answer: S): Promise<z.output<S>>;
  /** For answers without a body, or with one that nobody needs. */
  send(request: ServiceRequest): Promise<void>;
  /** Of whoever has logged in. */
  userId(options?: CallOptions): Promise<string>;
}

/** The lowest microversion that has what we use: in Nova tags of a new server (2.52), in Cinder nothing beyond the first. */
const versionHeaders: Readonly<Record<BackendService, Readonly<Record<string, string>>>> = {
  compute: { 'OpenStack-API-Version': 'compute 2.52', 'X-OpenStack-Nova-API-Version': '2.52' },
  volume: { 'OpenStack-API-Version': 'volume 3.0' },
  identity: {},
  network: {},
  image: {},
};

export function createSession(config: BackendConfig): Session {
  let grant: Promise<Grant> | undefined;

  function currentGrant(): Promise<Grant> {
    if (grant === undefined) {
      const fresh = logIn(config);
      grant = fresh;
      // A failed attempt is not kept: the next call tries again.
      fresh.catch(() => forget(fresh));
    }
    return grant;
  }

  function forget(old: Promise<Grant>): void {
    if (grant === old) grant = undefined;
  }

  async function perform(request: ServiceRequest, isRepeat: boolean): Promise<{ readonly status: number; readonly body: unknown }> {
    const used = currentGrant();
    const { token, endpoints } = await unlessAborted(used, request);
    const endpoint = endpoints.get(request.service);
    if (endpoint === undefined) {
      throw new BackendError('no_endpoint', `The catalogue has no endpoint for ${request.service}.`, {
        data: { service: request.service },
      });
    }
    try {
      return await exchange({
        service: request.service,
        method: request.method,
        url: endpoint + request.path + queryOf(request.query),
        headers: { 'X-Auth-Token': token, ...versionHeaders[request.service] },
        body: request.body,
        signal: request.signal,
      });
    } catch (error) {
      if (isRepeat || !isBackendError(error, 'unauthorized')) throw error;
      forget(used);
      return perform(request, true);
    }
  }

  return {
    async call(request, answer) {
      const { body } = await perform(request, false);
      const result = answer.safeParse(body);
      if (result.success) return result.data;
      const field = result.error.issues[0]?.path.map(String).join('.') ?? '';
      const { service, method, path } = request;
      throw new BackendError('malformed', `${service} ${method} ${path}: the answer is not as the API promises at ${field}.`, {
        data: { service, method, path, field },
        cause: result.error,
        outcomeUnknown: method !== 'GET',
      });
    },
    async send(request) {
      await perform(request, false);
    },
    async userId({ signal } = {}) {
      return (await unlessAborted(currentGrant(), { service: 'identity', signal })).userId;
    },
  };
}

/** The log-in is shared by all callers, so one that gives up leaves it running. */
function unlessAborted<T>(shared: Promise<T>, { service, signal }: Pick<ServiceRequest, 'service' | 'signal'>): Promise<T> {
  if (signal === undefined) return shared;
  return new Promise((resolve, reject) => {
    const giveUp = (): void => {
      reject(
        new BackendError('aborted', `The call to ${service} was given up before it was sent.`, { data: { service }, cause: signal.reason }),
      );
    };
    if (signal.aborted) return giveUp();
    signal.addEventListener('abort', giveUp, { once: true });
    shared.then(resolve, reject).finally(() => signal.removeEventListener('abort', giveUp));
  });
}

function queryOf(query: ServiceRequest['query']): string {
  const given = Object.entries(query ?? {}).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return given.length === 0 ? '' : `?${new URLSearchParams(given)}`;
}
