import type { AddressPool } from './address-pool.ts';

/** Neutron's objects as the cloud keeps them. */
export interface Network {
  readonly id: string;
  readonly name: string;
  readonly isExternal: boolean;
  readonly subnet: Subnet;
  readonly createdAt: number;
}

export interface Subnet {
  readonly id: string;
  readonly name: string;
  readonly networkId: string;
  readonly pool: AddressPool;
  readonly createdAt: number;
}

export interface SecurityGroup {
  readonly id: string;
  readonly projectId: string;
  readonly name: string;
  readonly description: string;
  readonly rules: readonly SecurityGroupRule[];
  readonly createdAt: number;
}

export interface SecurityGroupRule {
  readonly id: string;
  readonly direction: 'ingress' | 'egress';
  readonly protocol: string | null;
  readonly portMin: number | null;
  readonly portMax: number | null;
  readonly remotePrefix: string | null;
}

export interface Port {
  readonly id: string;
  readonly projectId: string;
  readonly drawKey: string;
  readonly sequence: number;
  readonly networkId: string;
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
