import { createBackend } from '@troupe/openstack';
import type { Backend, BackendConfig } from '@troupe/openstack';
import { createManualClock, startCloud } from '@troupe/openstack/internal';
import type { CloudOptions, ManualClock, SimulatedCloud } from '@troupe/openstack/internal';
import { send } from './http.ts';
import type { Reply, SendOptions } from './http.ts';

export interface Bench extends AsyncDisposable {
  readonly cloud: SimulatedCloud;
  /** The cloud's time: nothing happens on it until a test moves it. */
  readonly clock: ManualClock;
  readonly config: BackendConfig;
  /** Of user `demo` in project `demo`. */
  readonly backend: Backend;
  /** A raw call by user `demo`, path from the root of the cloud; `{project}` stands for the project's id. */
  call(method: string, path: string, options?: Omit<SendOptions, 'method'>): Promise<Reply>;
  /** The same by user `admin` in project `demo`. */
  callAsAdmin(method: string, path: string, options?: Omit<SendOptions, 'method'>): Promise<Reply>;
  /** A raw call without a token. */
  callOpen(method: string, path: string, options?: Omit<SendOptions, 'method'>): Promise<Reply>;
  readonly ids: { readonly project: string; readonly privateNetwork: string; readonly publicNetwork: string; readonly image: string };
}

/** A cloud on a manual clock, with real HTTP around it. Jitter is off, so that times are round. */
export async function createBench(options: CloudOptions = {}): Promise<Bench> {
  const clock = createManualClock();
  const cloud = await startCloud({ clock, jitter: 0, ...options });
  const config = configOf(cloud);
  const backend = createBackend(config);
  const demo = await logIn(cloud, 'demo');
  const admin = await logIn(cloud, 'admin');
  const caller =
    (token: string | undefined) =>
    (method: string, path: string, more: Omit<SendOptions, 'method'> = {}): Promise<Reply> =>
      send(cloud.url + path.replace('{project}', demo.projectId), { method, ...(token === undefined ? {} : { token }), ...more });
  const networks = await backend.listNetworks();
  const networkOf = (name: string): string => networks.find((network) => network.name === name)?.id ?? '';
  return {
    cloud,
    clock,
    config,
    backend,
    call: caller(demo.token),
    callAsAdmin: caller(admin.token),
    callOpen: caller(undefined),
    ids: {
      project: demo.projectId,
      privateNetwork: networkOf('private'),
      publicNetwork: networkOf('public'),
      image: (await backend.findImage('cirros'))?.id ?? '',
    },
    [Symbol.asyncDispose]: () => cloud.stop(),
  };
}

export function configOf(cloud: SimulatedCloud): BackendConfig {
  return { authUrl: cloud.authUrl, username: 'demo', password: 'demo', projectName: 'demo', region: 'RegionOne' };
}

export function adminConfigOf(cloud: SimulatedCloud): BackendConfig {
  return { ...configOf(cloud), username: 'admin', password: 'admin', projectName: 'admin' };
}

/** The body of a log-in by password into project `demo`. */
export function logInBody(user: string, password = user): unknown {
  return {
    auth: {
      identity: { methods: ['password'], password: { user: { name: user, domain: { name: 'Default' }, password } } },
      scope: { project: { name: 'demo', domain: { id: 'default' } } },
    },
  };
}

async function logIn(cloud: SimulatedCloud, user: string): Promise<{ readonly token: string; readonly projectId: string }> {
  const { headers, body } = await send(`${cloud.authUrl}/auth/tokens`, { method: 'POST', body: logInBody(user) });
  return { token: headers.get('x-subject-token') ?? '', projectId: body['token']!['project']!['id'] as unknown as string };
}
