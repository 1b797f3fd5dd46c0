import type { AddressPool } from './address-pool.ts';

/** Neutron's objects as the cloud keeps them. */
export interface Network {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  /** Empty for those of the cloud itself, which everybody sees. */
  readonly projectId: string;
  readonly isExternal: boolean;
  readonly mtu: number;
  subnets: readonly Subnet[];
  readonly createdAt: number;
}

export interface Subnet {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly projectId: string;
  readonly networkId: string;
  readonly pool: AddressPool;
  readonly hasGateway: boolean;
  readonly hasDhcp: boolean;
  readonly nameservers: readonly string[];
  readonly createdAt: number;
}

export interface NetworkRequest {
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  readonly mtu?: number | undefined;
}

export interface SubnetRequest {
  readonly networkId: string;
  readonly cidr: string;
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  /** Null: none. Any other than the first address is refused. */
  readonly gateway?: string | null | undefined;
  readonly hasDhcp?: boolean | undefined;
  readonly nameservers?: readonly string[] | undefined;
}

export interface Router {
  readonly id: string;
  readonly projectId: string;
  readonly name: string;
  readonly description: string;
  readonly createdAt: number;
  externalNetworkId: string | undefined;
  externalAddress: string | undefined;
  routes: readonly { readonly destination: string; readonly nexthop: string }[];
}

export interface SecurityGroup {
  readonly id: string;
  readonly projectId: string;
  readonly name: string;
  readonly description: string;
  rules: readonly SecurityGroupRule[];
  readonly createdAt: number;
}

export interface SecurityGroupRule {
  readonly id: string;
  readonly groupId: string;
  readonly direction: 'ingress' | 'egress';
  readonly protocol: string | null;
  readonly portMin: number | null;
  readonly portMax: number | null;
  readonly remotePrefix: string | null;
  readonly description: string;
}

export interface Port {
  readonly id: string;
  readonly projectId: string;
  readonly drawKey: string;
  readonly sequence: number;
  readonly networkId: string;
  /** Empty on a network without a subnet, as is the address. */
  readonly subnetId: string;
  readonly address: string;
  readonly macAddress: string;
  readonly createdAt: number;
  updatedAt: number;
  name: string;
  description: string;
  status: string;
  deviceId: string;
  deviceOwner: string;
  securityGroupIds: readonly string[];
}

export interface FloatingIp {
  readonly id: string;
  readonly projectId: string;
  readonly drawKey: string;
  readonly sequence: number;
  readonly networkId: string;
  readonly address: string;
  readonly createdAt: number;
  updatedAt: number;
  description: string;
  status: string;
  portId: string | undefined;
}

export interface PortRequest {
  readonly networkId: string;
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  readonly subnetId?: string | undefined;
  readonly address?: string | undefined;
  readonly deviceId?: string | undefined;
  readonly deviceOwner?: string | undefined;
  /** Default: the project's `default` group. */
  readonly securityGroupIds?: readonly string[] | undefined;
}

export interface FloatingIpRequest {
  readonly networkId: string;
  readonly description?: string | undefined;
  readonly address?: string | undefined;
  readonly portId?: string | undefined;
}
