import type { Client, EventSubscription } from '@troupe/client';
import { followEvent, newParent, type OrderRecord, type ParentRecord, type Parents } from '@troupe/resource';

/** Two tables of a marketplace: what a customer has, and what was ordered for it. Yours are rows; save both in one transaction. */
export interface Marketplace {
  /** By kind and id of the resource. Whoever sells one inserts it, before or after the command that makes it. */
  readonly parents: Map<string, ParentRecord>;
  /** By the id of the operation, which is the id of its command. */
  readonly orders: Map<string, OrderRecord>;
  /** For a person to look at. */
  readonly unknown: string[];
}

export function sell({ parents }: Marketplace, kind: string, id: string): void {
  parents.set(`${kind}/${id}`, newParent);
}

/** Keeps the marketplace in step. Any number of processes may run it: one event is handled at a time, in order. */
export function startFollower(client: Client, market: Marketplace): Promise<EventSubscription> {
  const parents: Parents = {
    async load({ kind, id }, operation) {
      const parent = market.parents.get(`${kind}/${id}`);
      const order = operation === null ? undefined : market.orders.get(operation);
      return parent === undefined ? undefined : { parent, ...(order === undefined ? {} : { order }) };
    },
    async save({ kind, id }, operation, { parent, order }) {
      market.parents.set(`${kind}/${id}`, parent);
      if (operation !== null && order !== undefined) market.orders.set(operation, order);
    },
    row: (resource) => client.resource(resource),
    async unknown({ kind, id }, { from, to, event }) {
      market.unknown.push(`${kind}/${id} ${event}: ${from} -> ${to}`);
    },
  };
  return client.subscribe({ name: 'marketplace', topics: [['resource']], inOrder: true }, (event) => followEvent(parents, event));
}
