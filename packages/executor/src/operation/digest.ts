/** Tells a repeated command from another command under the same id. */
import { createHash } from 'node:crypto';
import type { Command, Json } from '@troupe/protocol';

/** Covers what a command asks for; not when or by whom it was sent, for a sender may well send it again. */
export function commandDigest(command: Command): string {
  const { executor, resource, resources, input, options } = command;
  const asked = { executor, resource, resources, input: input ?? null, options } as unknown as Json;
  return createHash('sha256').update(canonical(asked)).digest('base64url').slice(0, 22);
}

/** JSON with sorted keys, so that senders in other languages need not keep our order. */
function canonical(value: Json | undefined): string {
  if (value === undefined) return 'null';
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  const object = value as { readonly [key: string]: Json | undefined };
  const keys = Object.keys(object)
    .filter((key) => object[key] !== undefined)
    .sort();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${canonical(object[key])}`).join(',')}}`;
}
