import { z } from 'zod';
import type { BackendConfig } from './config.ts';
import { BackendError, isBackendError } from './errors.ts';
import { exchange } from './transport.ts';

export type BackendService = 'identity' | 'compute' | 'volume' | 'network' | 'image';

/** What a log-in gives: a token, and where each service is. */
export interface Grant {
  readonly token: string;
  /** Who has logged in. */
  readonly userId: string;
  readonly endpoints: ReadonlyMap<BackendService, string>;
}

const tokenSchema = z.object({
  token: z.object({
    user: z.object({ id: z.string() }),
    catalog: z.array(
      z.object({
        type: z.string(),
        endpoints: z.array(
          z.object({ interface: z.string(), region: z.string().nullish(), region_id: z.string().nullish(), url: z.string() }),
        ),
      }),
    ),
  }),
});

type CatalogueEntry = z.infer<typeof tokenSchema>['token']['catalog'][number];

/** Names under which a service stands in catalogues, the most usual one first. */
const serviceTypes: Readonly<Record<BackendService, readonly string[]>> = {
  identity: ['identity'],
  compute: ['compute'],
  volume: ['volumev3', 'block-storage', 'block-store'],
  network: ['network'],
  image: ['image'],
};

/** What the catalogue leaves out of an URL, if it does. */
const versionPaths: Readonly<Partial<Record<BackendService, string>>> = { identity: '/v3', network: '/v2.0', image: '/v2' };

/** All calls of a session share its log-in, so one that hangs would hold them all, whatever their own limits. */
const LIMIT_MS = 30_000;

/**
 * Gets a token for the project by password.
 * @throws BackendError `unauthorized`, `network`, `server_error`, `malformed`, `invalid_config`
 */
export async function logIn(config: BackendConfig): Promise<Grant> {
  const userDomain = config.userDomainName ?? 'Default';
  const projectDomain = config.projectDomainName ?? userDomain;
  const limitMs = config.logInLimitMs ?? LIMIT_MS;
  const { headers, body } = await exchange({
    signal: AbortSignal.timeout(limitMs),
    service: 'identity',
    method: 'POST',
    url: `${identityUrl(config.authUrl)}/auth/tokens`,
    headers: {},
    body: {
      auth: {
        identity: {
          methods: ['password'],
          password: { user: { name: config.username, domain: { name: userDomain }, password: config.password } },
        },
        scope: {
          project:
            config.projectId === undefined ? { name: config.projectName, domain: { name: projectDomain } } : { id: config.projectId },
        },
      },
    },
  }).catch((error: unknown) => {
    if (!isBackendError(error, 'aborted')) throw error;
    throw new BackendError('network', `identity: the log-in got no answer in ${limitMs} ms.`, {
      data: { service: 'identity' },
      cause: error,
    });
  });
  const token = headers.get('x-subject-token');
  const parsed = tokenSchema.safeParse(body);
  if (token === null || !parsed.success) {
    throw new BackendError('malformed', 'identity: the answer to the log-in is not as the API promises.', {
      data: { service: 'identity' },
    });
  }
  return { token, userId: parsed.data.token.user.id, endpoints: endpointsOf(parsed.data.token.catalog, config) };
}

function identityUrl(authUrl: string): string {
  let url: URL;
  try {
    url = new URL(authUrl);
  } catch (cause) {
    throw new BackendError('invalid_config', `The auth URL is no URL: ${authUrl}`, { data: { field: 'authUrl' }, cause });
  }
  const base = url.href.replace(/\/+$/, '');
  return base.endsWith('/v3') ? base : `${base}/v3`;
}

function endpointsOf(catalogue: readonly CatalogueEntry[], config: BackendConfig): ReadonlyMap<BackendService, string> {
  const wanted = config.endpointInterface ?? 'public';
  const endpoints = new Map<BackendService, string>();
  for (const service of Object.keys(serviceTypes) as BackendService[]) {
    const url = serviceTypes[service]
      .flatMap((type) => catalogue.filter((entry) => entry.type === type))
      .flatMap((entry) => entry.endpoints)
      .find(
        (endpoint) =>
          endpoint.interface === wanted && (config.region === undefined || (endpoint.region_id ?? endpoint.region) === config.region),
      )?.url;
    if (url === undefined) continue;
    const base = url.replace(/\/+$/, '');
    const version = versionPaths[service] ?? '';
    endpoints.set(service, base.endsWith(version) ? base : base + version);
  }
  return endpoints;
}
