import type { CloudRandom } from '../core/random.ts';
import { domain, region } from '../model/identity.ts';
import type { Project, Role, Token, User } from '../model/identity.ts';
import type { Call } from './route.ts';
import { isoMicrosecondsZulu } from './time-format.ts';

interface CatalogueEntry {
  readonly id: string;
  readonly type: string;
  readonly name: string;
  readonly endpoints: readonly unknown[];
}

/** The catalogue of a project: where each service is. All interfaces of a service lead to the same place here. */
export function catalogueView(call: Call, random: CloudRandom, project: Project): readonly CatalogueEntry[] {
  const services: readonly (readonly [type: string, name: string, path: string])[] = [
    ['identity', 'keystone', '/v3'],
    ['compute', 'nova', '/compute/v2.1'],
    ['volumev3', 'cinderv3', `/volume/v3/${project.id}`],
    ['block-storage', 'cinder', `/volume/v3/${project.id}`],
    ['image', 'glance', '/image'],
    ['network', 'neutron', '/networking'],
  ];
  return services.map(([type, name, path]) => ({
    id: random.hex(32, 'service', type),
    type,
    name,
    endpoints: ['public', 'internal', 'admin'].map((kind) => ({
      id: random.hex(32, 'endpoint', type, kind),
      interface: kind,
      region,
      region_id: region,
      url: `${call.baseUrl}${path}`,
    })),
  }));
}

export function tokenView(call: Call, random: CloudRandom, token: Token): unknown {
  const { user, project } = token;
  const scope =
    project === undefined
      ? {}
      : {
          project: { domain, id: project.id, name: project.name },
          is_domain: false,
          roles: rolesOf(user).map((name) => ({ id: random.hex(32, 'role', name), name })),
          catalog: catalogueView(call, random, project),
        };
  return {
    token: {
      methods: token.methods,
      user: { domain, id: user.id, name: user.name, password_expires_at: null },
      audit_ids: [token.auditId],
      expires_at: isoMicrosecondsZulu(token.expiresAt),
      issued_at: isoMicrosecondsZulu(token.issuedAt),
      ...scope,
    },
  };
}

export function projectView(call: Call, project: Project): unknown {
  return {
    id: project.id,
    name: project.name,
    domain_id: domain.id,
    description: project.description,
    enabled: true,
    parent_id: domain.id,
    is_domain: false,
    tags: project.tags,
    options: {},
    links: { self: `${call.baseUrl}/v3/projects/${project.id}` },
  };
}

export function userView(call: Call, user: User): unknown {
  return {
    id: user.id,
    name: user.name,
    domain_id: domain.id,
    description: user.description,
    ...(user.defaultProjectId === undefined ? {} : { default_project_id: user.defaultProjectId }),
    enabled: true,
    password_expires_at: null,
    options: {},
    links: { self: `${call.baseUrl}/v3/users/${user.id}` },
  };
}

export function roleView(call: Call, { id, name }: Role): unknown {
  return { id, name, domain_id: null, description: null, options: {}, links: { self: `${call.baseUrl}/v3/roles/${id}` } };
}

export function domainView(call: Call): unknown {
  return {
    ...domain,
    description: 'The default domain',
    enabled: true,
    tags: [],
    options: {},
    links: { self: `${call.baseUrl}/v3/domains/${domain.id}` },
  };
}

function rolesOf(user: User): readonly string[] {
  return user.isAdmin ? ['admin', 'member', 'reader'] : ['member', 'reader'];
}
