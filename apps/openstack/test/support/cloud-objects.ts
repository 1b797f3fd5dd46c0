import type { SimulatedCloud } from '@troupe/openstack/internal';
import { logInBody } from './bench.ts';
import { type Fields, send } from './http.ts';

export interface CloudObjects {
  readonly volumes: readonly string[];
  readonly servers: readonly string[];
  readonly floatingIps: readonly string[];
  /** Ports that no machine has. */
  readonly idlePorts: readonly string[];
}

/** Ids of all that is on the cloud, read over its API by a client of its own. */
export async function createObjectReader(cloud: SimulatedCloud): Promise<() => Promise<CloudObjects>> {
  const { headers, body } = await send(`${cloud.authUrl}/auth/tokens`, { method: 'POST', body: logInBody('demo') });
  const project = String(body['token']!['project']!['id']);
  const token = headers.get('x-subject-token')!;
  const read = async (path: string, name: string): Promise<Fields[]> => [...(await send(cloud.url + path, { token })).body[name]!];
  const idOf = ({ id }: Fields): string => String(id);
  return async () => ({
    volumes: (await read(`/volume/v3/${project}/volumes`, 'volumes')).map(idOf),
    servers: (await read('/compute/v2.1/servers', 'servers')).map(idOf),
    floatingIps: (await read('/networking/v2.0/floatingips', 'floatingips')).map(idOf),
    idlePorts: (await read('/networking/v2.0/ports', 'ports')).filter((port) => String(port['device_id']) === '').map(idOf),
  });
}
