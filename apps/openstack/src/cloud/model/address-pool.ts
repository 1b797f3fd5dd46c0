/** Hands out IPv4 addresses of a range, lowest free one first. */
export interface AddressPool {
  readonly cidr: string;
  readonly gateway: string;
  readonly first: string;
  readonly last: string;
  /** Undefined when the range is used up. */
  allocate(): string | undefined;
  /** Takes a given address; false if it is taken or outside the range. */
  claim(address: string): boolean;
  release(address: string): void;
}

/** `prefixLength` from 8 to 29. The first address is the gateway. */
export function createAddressPool(network: string, prefixLength: number): AddressPool {
  const base = toNumber(network);
  const firstFree = base + 2;
  const lastFree = base + 2 ** (32 - prefixLength) - 2;
  const used = new Set<number>();
  const released: number[] = [];
  let next = firstFree;
  return {
    cidr: `${network}/${prefixLength}`,
    gateway: toAddress(base + 1),
    first: toAddress(firstFree),
    last: toAddress(lastFree),
    allocate() {
      const candidate = released.pop();
      if (candidate !== undefined && !used.has(candidate)) {
        used.add(candidate);
        return toAddress(candidate);
      }
      while (used.has(next)) next += 1;
      if (next > lastFree) return undefined;
      used.add(next);
      return toAddress(next);
    },
    claim(address) {
      const value = toNumber(address);
      if (!(value >= firstFree && value <= lastFree) || used.has(value)) return false;
      used.add(value);
      return true;
    },
    release(address) {
      const value = toNumber(address);
      if (used.delete(value)) released.push(value);
    },
  };
}

/** NaN for what is no address. */
function toNumber(address: string): number {
  const parts = address.split('.').map(Number);
  return parts.length === 4 ? parts.reduce((sum, part) => sum * 256 + part, 0) : Number.NaN;
}

function toAddress(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
}
