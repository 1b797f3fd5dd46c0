import { createHash } from 'node:crypto';
import type { ResourceRecord } from '@troupe/actor';
import type { Client } from '@troupe/client';
import { createPull, isPullable, step } from '@troupe/executor';
import type { ResourceKind } from '@troupe/resource';
import { listedPage, type ListedPage, type ListingRequest, type ScheduleOptions } from '@troupe/schedule';
import { defineTask, handle, type Handler } from '@troupe/task';

const pool = 'pulls';
/** One call to the backend: throws `Fatal` with `missing_on_backend` for an object that is not there. */
export const look = defineTask({ name: 'machine.look', class: 'background', idempotent: 'yes' });
const list = defineTask({ name: 'machines.list', pool, class: 'background', idempotent: 'yes', output: listedPage });
const order = defineTask({ name: 'machine.order-pull', pool, class: 'background', idempotent: 'yes' });
export const tasks = [look, list, order];

export const pullMachine = (kind: ResourceKind) =>
  createPull({
    name: 'machine.pull',
    resource: kind,
    broken: ['cloud_error'],
    // shorter than the interval: one that waits for a worker that is not there is over before the next is ordered
    deadline: '50m',
    look: ({ resource }) => step('look', look, { backendId: resource.backendId }),
  });

/** Once an hour each machine, spread over the time, twenty orders a second at the most. */
export const everyHour = {
  cron: '7 * * * *',
  each: { list, run: order, perSecond: 20, jitter: '5m', inFlight: 100 },
} satisfies ScheduleOptions;

export interface Rows {
  /** Rows of the kind in the order of their ids, after one of them: a `SELECT` of your table. */
  after(id: string | undefined): AsyncIterable<ResourceRecord>;
}

/** `client` may send the command `machine.pull` and hear its answer, nothing else. */
export function pullHandlers(rows: Rows, client: Client): Handler[] {
  return [
    handle(list, async (request): Promise<ListedPage> => {
      const { cursor, limit } = request as ListingRequest;
      const items = [];
      for await (const row of rows.after(cursor)) {
        if (!isPullable(row)) continue;
        items.push({ key: row.id, input: { kind: row.kind, id: row.id } });
        if (items.length === limit) return { items, cursor: row.id };
      }
      return { items };
    }),
    // it orders and does not wait: an operation holds no slot while it waits, a task would
    handle(order, async (resource, { idempotencyToken }) => {
      const id = `pull.${createHash('sha256').update(idempotencyToken).digest('base64url')}`;
      const { answer } = await client.execute({ executor: 'machine.pull', id, resource: resource as { kind: string; id: string } });
      // somebody has taken it since it was listed: then there is nothing to pull
      return { answer: answer.answer };
    }),
  ];
}
