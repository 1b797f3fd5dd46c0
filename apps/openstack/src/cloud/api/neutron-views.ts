import type { FloatingIp, Network, Port, Router, SecurityGroup, SecurityGroupRule, Subnet } from '../model/network.ts';
import { networkQuotas, type Quotas } from '../model/quotas.ts';
import type { World } from '../model/world.ts';
import { isoSeconds } from './time-format.ts';

type Fields = Record<string, unknown>;

/** An object as a client sees it. */
export type NeutronObject = Fields & { readonly id: string };

export function networkView(network: Network): NeutronObject {
  return {
    id: network.id,
    name: network.name,
    description: network.description,
    status: 'ACTIVE',
    admin_state_up: true,
    shared: network.projectId === '' && !network.isExternal,
    'router:external': network.isExternal,
    is_default: network.isExternal,
    subnets: network.subnets.map(({ id }) => id),
    mtu: network.mtu,
    port_security_enabled: true,
    availability_zone_hints: [],
    availability_zones: ['nova'],
    ipv4_address_scope: null,
    ipv6_address_scope: null,
    qos_policy_id: null,
    ...ownership(network.projectId),
    ...stamps(network),
  };
}

export function subnetView({ id, name, description, networkId, projectId, pool, createdAt, ...more }: Subnet): NeutronObject {
  return {
    id,
    name,
    description,
    network_id: networkId,
    cidr: pool.cidr,
    gateway_ip: more.hasGateway ? pool.gateway : null,
    allocation_pools: [{ start: pool.first, end: pool.last }],
    ip_version: 4,
    enable_dhcp: more.hasDhcp,
    dns_nameservers: more.nameservers,
    host_routes: [],
    ipv6_address_mode: null,
    ipv6_ra_mode: null,
    subnetpool_id: null,
    service_types: [],
    segment_id: null,
    ...ownership(projectId),
    ...stamps({ createdAt }),
  };
}

export function portView(port: Port): NeutronObject {
  return {
    id: port.id,
    name: port.name,
    description: port.description,
    network_id: port.networkId,
    status: port.status,
    admin_state_up: true,
    mac_address: port.macAddress,
    fixed_ips: fixedIpsOf(port),
    device_id: port.deviceId,
    device_owner: port.deviceOwner,
    security_groups: port.securityGroupIds,
    allowed_address_pairs: [],
    extra_dhcp_opts: [],
    port_security_enabled: true,
    qos_policy_id: null,
    'binding:vnic_type': 'normal',
    ...ownership(port.projectId),
    ...stamps(port),
  };
}

/** None on a network without a subnet. */
export function fixedIpsOf({ subnetId, address }: Port): readonly Fields[] {
  return subnetId === '' ? [] : [{ subnet_id: subnetId, ip_address: address }];
}

export function floatingIpView({ core, ports }: World, ip: FloatingIp): NeutronObject {
  const port = ip.portId === undefined ? undefined : ports.find(ip.portId);
  const details =
    port === undefined
      ? null
      : {
          name: port.name,
          network_id: port.networkId,
          mac_address: port.macAddress,
          admin_state_up: true,
          status: port.status,
          device_id: port.deviceId,
          device_owner: port.deviceOwner,
        };
  return {
    id: ip.id,
    description: ip.description,
    status: ip.status,
    floating_ip_address: ip.address,
    floating_network_id: ip.networkId,
    port_id: port?.id ?? null,
    fixed_ip_address: port?.address ?? null,
    router_id: port === undefined ? null : core.random.uuid('router', ip.projectId),
    port_details: details,
    qos_policy_id: null,
    dns_name: '',
    dns_domain: '',
    port_forwardings: [],
    ...ownership(ip.projectId),
    ...stamps(ip),
  };
}

export function securityGroupView(group: SecurityGroup): NeutronObject {
  const { projectId } = group;
  return {
    id: group.id,
    name: group.name,
    description: group.description,
    stateful: true,
    security_group_rules: group.rules.map((rule) => securityGroupRuleView(group, rule)),
    ...ownership(projectId),
    ...stamps(group),
  };
}

export function securityGroupRuleView(group: SecurityGroup, rule: SecurityGroupRule): NeutronObject {
  return {
    id: rule.id,
    security_group_id: rule.groupId,
    direction: rule.direction,
    ethertype: 'IPv4',
    protocol: rule.protocol,
    port_range_min: rule.portMin,
    port_range_max: rule.portMax,
    remote_ip_prefix: rule.remotePrefix,
    remote_group_id: null,
    description: rule.description,
    ...ownership(group.projectId),
    ...stamps(group),
  };
}

export function routerView(router: Router): NeutronObject {
  const { externalNetworkId, externalAddress } = router;
  return {
    id: router.id,
    name: router.name,
    description: router.description,
    status: 'ACTIVE',
    admin_state_up: true,
    distributed: false,
    ha: false,
    availability_zone_hints: [],
    availability_zones: ['nova'],
    flavor_id: null,
    routes: router.routes,
    external_gateway_info:
      externalNetworkId === undefined
        ? null
        : { network_id: externalNetworkId, enable_snat: true, external_fixed_ips: [{ ip_address: externalAddress }] },
    ...ownership(router.projectId),
    ...stamps(router),
  };
}

/** What does not exist here is reported as unlimited and unused. */
export function networkQuotaView(quotas: Quotas, used: Readonly<Record<(typeof networkQuotas)[number], number>> | undefined): unknown {
  const limits: Record<string, readonly [limit: number, used: number]> = {
    ...Object.fromEntries(networkQuotas.map((name) => [name, [quotas[name], used?.[name] ?? 0]])),
    subnetpool: [-1, 0],
    security_group_rule: [-1, 0],
    rbac_policy: [-1, 0],
  };
  const entries = Object.entries(limits).map(([name, [limit, count]]) => [
    name,
    used === undefined ? limit : { limit, used: count, reserved: 0 },
  ]);
  return { quota: Object.fromEntries(entries) };
}

function ownership(projectId: string): Fields {
  return { tenant_id: projectId, project_id: projectId };
}

function stamps({ createdAt, updatedAt = createdAt }: { readonly createdAt: number; readonly updatedAt?: number }): Fields {
  return { created_at: isoSeconds(createdAt), updated_at: isoSeconds(updatedAt), revision_number: 1, tags: [] };
}
