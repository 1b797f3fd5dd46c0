/**
 * How many objects were ever made per client token. A client that repeats a create after an unknown outcome must find its first
 * object instead of making a second one; this ledger is what convicts it. It reads the token where clients of the real API can put
 * one: the metadata of volumes and servers, the description of ports and floating IPs (Neutron has no metadata).
 */
const tokenMetadataKey = 'troupe_token';
const descriptionPrefix = `${tokenMetadataKey}=`;

export interface TokenRecord {
  readonly token: string;
  readonly kind: string;
  /** Ids of all objects created with this token, also of those deleted since. */
  readonly ids: readonly string[];
}

export interface TokenLedger {
  record(kind: string, id: string, token: string | undefined): void;
  all(): readonly TokenRecord[];
  /** Those with more than one object. */
  duplicates(): readonly TokenRecord[];
}

export function createTokenLedger(): TokenLedger {
  const records = new Map<string, { token: string; kind: string; ids: string[] }>();
  const all = (): readonly TokenRecord[] => [...records.values()];
  return {
    record(kind, id, token) {
      if (token === undefined) return;
      const key = JSON.stringify([kind, token]);
      const known = records.get(key);
      if (known === undefined) records.set(key, { token, kind, ids: [id] });
      else known.ids.push(id);
    },
    all,
    duplicates: () => all().filter((record) => record.ids.length > 1),
  };
}

export function tokenOfMetadata(metadata: Readonly<Record<string, string>>): string | undefined {
  return metadata[tokenMetadataKey];
}

export function tokenOfDescription(description: string): string | undefined {
  return description.startsWith(descriptionPrefix) ? description.slice(descriptionPrefix.length) : undefined;
}
