import { cinderVersions, novaVersions } from './microversion.ts';
import type { MicroversionRange } from './microversion.ts';
import type { Answer, Call, OpenRoute } from './route.ts';

const updated = '2019-10-16T00:00:00Z';

function mediaTypes(kind: string): unknown {
  return [{ base: 'application/json', type: `application/vnd.openstack.${kind}+json` }];
}

function selfLink(href: string): unknown {
  return [{ rel: 'self', href }];
}

function keystoneVersion(call: Call): unknown {
  return { id: 'v3.13', status: 'stable', updated, links: selfLink(`${call.baseUrl}/v3/`), 'media-types': mediaTypes('identity-v3') };
}

/** A version of Nova or Cinder, in the shape that both use. */
function microversioned(call: Call, path: string, id: string, kind: string, range: MicroversionRange): unknown {
  return {
    id,
    status: 'CURRENT',
    version: `${range.major}.${range.maxMinor}`,
    min_version: `${range.major}.${range.minMinor}`,
    updated,
    links: selfLink(`${call.baseUrl}${path}`),
    'media-types': mediaTypes(kind),
  };
}

const novaVersion = (call: Call): unknown => microversioned(call, '/compute/v2.1/', 'v2.1', 'compute;version=2.1', novaVersions);
const cinderVersion = (call: Call): unknown => microversioned(call, '/volume/v3/', 'v3.0', 'volume;version=3', cinderVersions);
const neutronVersion = (call: Call): unknown => ({ id: 'v2.0', status: 'CURRENT', links: selfLink(`${call.baseUrl}/networking/v2.0`) });

function glanceVersions(call: Call): unknown {
  return ['v2.9', 'v2.7', 'v2.6', 'v2.5', 'v2.4', 'v2.3', 'v2.2', 'v2.1', 'v2.0'].map((id, index) => ({
    id,
    status: index === 0 ? 'CURRENT' : 'SUPPORTED',
    links: selfLink(`${call.baseUrl}/image/v2/`),
  }));
}

/** The version documents: what clients read before anything else, to find out where an API lives and what it can do. */
export function discoveryRoutes(): readonly OpenRoute[] {
  const open = (name: string, path: string, answer: (call: Call) => Answer): OpenRoute => ({
    name,
    method: 'GET',
    path,
    access: 'open',
    handle: answer,
  });
  return [
    open('keystone.versions.list', '/', (call) => ({ status: 300, body: { versions: { values: [keystoneVersion(call)] } } })),
    open('keystone.versions.show', '/v3', (call) => ({ status: 200, body: { version: keystoneVersion(call) } })),
    open('nova.versions.list', '/compute', (call) => ({ status: 200, body: { versions: [novaVersion(call)] } })),
    open('nova.versions.show', '/compute/v2.1', (call) => ({ status: 200, body: { version: novaVersion(call) } })),
    open('cinder.versions.list', '/volume', (call) => ({ status: 300, body: { versions: [cinderVersion(call)] } })),
    open('cinder.versions.show', '/volume/v3', (call) => ({ status: 200, body: { versions: [cinderVersion(call)] } })),
    open('neutron.versions.list', '/networking', (call) => ({ status: 200, body: { versions: [neutronVersion(call)] } })),
    open('neutron.versions.show', '/networking/v2.0', () => ({ status: 200, body: { resources: [] } })),
    open('glance.versions.list', '/image', (call) => ({ status: 300, body: { versions: glanceVersions(call) } })),
    open('glance.versions.all', '/image/versions', (call) => ({ status: 200, body: { versions: glanceVersions(call) } })),
  ];
}
