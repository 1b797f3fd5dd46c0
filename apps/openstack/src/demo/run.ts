/** Submits the orders, shows them until all have ended, and sums up. */
import type { OperationEnd } from '@troupe/client';
import { formatMs, toWireError } from '@troupe/protocol';
import { type Installation, LIMIT, PROVIDER } from './installation.ts';
import { insertRows, type Order } from './orders.ts';
import { createScreen, type Row } from './screen.ts';

const REFRESH_MS = 400;

interface Running {
  readonly name: string;
  readonly id: string;
  readonly startedAt: number;
  end: OperationEnd | { readonly outcome: 'rejected'; readonly error: { readonly code: string; readonly message: string } } | undefined;
  endedAt: number;
}

/** Resolves with whether every operation ended well and no limit was passed. */
export async function runOrders(installation: Installation, orders: readonly Order[], now: () => number): Promise<boolean> {
  const { client } = installation;
  const startedAt = now();
  const screen = createScreen(process.stdout, now);
  const all: Running[] = [];
  await Promise.all(
    orders.map(async (order, i) => {
      const name = order.resource?.id ?? `command ${i + 1}`;
      await insertRows(installation.store, order);
      const { rows: _, ...request } = order;
      const one: Running = { name, id: '', startedAt: now(), end: undefined, endedAt: 0 };
      try {
        const handle = await client.execute(request);
        Object.assign(one, { id: handle.id });
        void handle.ended().then((end) => {
          one.end = end;
          one.endedAt = now();
        });
      } catch (error) {
        const { code, message } = toWireError(error);
        one.end = { outcome: 'rejected', error: { code, message } };
        one.endedAt = now();
      }
      all[i] = one;
    }),
  );
  while (all.some((one) => one.end === undefined)) {
    screen.show(await Promise.all(all.map((one) => rowOf(installation, one))), await footerOf(installation));
    await new Promise<void>((resolve) => {
      setTimeout(resolve, REFRESH_MS);
    });
  }
  screen.show(await Promise.all(all.map((one) => rowOf(installation, one))), await footerOf(installation));
  screen.end();
  return summary(installation, all, now() - startedAt);
}

async function rowOf({ client }: Installation, one: Running): Promise<Row> {
  if (one.end !== undefined) {
    const why =
      one.end.error === undefined ? `in ${formatMs(one.endedAt - one.startedAt)}` : `${one.end.error.code}: ${one.end.error.message}`;
    return { name: one.name, status: one.end.outcome, done: 1, total: 1, step: '', why };
  }
  try {
    const { view, waits } = await client.explain(one.id);
    const wait = waits[0];
    return {
      name: one.name,
      status: 'running',
      done: view.steps.done,
      total: view.steps.total,
      step: wait?.name ?? '',
      why: wait?.sentence ?? '',
    };
  } catch {
    return { name: one.name, status: 'accepted', done: 0, total: 0, step: '', why: '' };
  }
}

async function footerOf({ client }: Installation): Promise<string> {
  const occupancy = (await client.throttle(PROVIDER)) ?? [];
  const parts = occupancy
    .filter((one) => one.path === PROVIDER)
    .map((one) => `${one.kind} ${one.used}/${one.limit}${one.waiting > 0 ? `, ${one.waiting} waiting` : ''}`);
  return `throttle ${PROVIDER}: ${parts.length === 0 ? 'empty' : parts.join(' · ')}`;
}

async function summary(installation: Installation, all: readonly Running[], tookMs: number): Promise<boolean> {
  const ends = new Map<string, number>();
  for (const one of all) ends.set(one.end!.outcome, (ends.get(one.end!.outcome) ?? 0) + 1);
  const times = all.map((one) => one.endedAt - one.startedAt).sort((a, b) => a - b);
  const admin = (await (await fetch(`${installation.cloudUrl}/admin`)).json()) as {
    peak: { instance: number; volume: number };
    refusals: { instance: number; volume: number };
    duplicates: readonly unknown[];
    calls: { total: number };
  };
  const leases = ((await installation.client.throttle(PROVIDER)) ?? []).reduce((sum, one) => sum + one.used, 0);
  const refusals = admin.refusals.instance + admin.refusals.volume;
  console.log('');
  console.log(`operations   ${[...ends].map(([outcome, n]) => `${n} ${outcome}`).join(', ')}`);
  console.log(
    `times        first ${formatMs(times[0] ?? 0)}, median ${formatMs(times[times.length >> 1] ?? 0)}, last ${formatMs(times.at(-1) ?? 0)}; all in ${formatMs(tookMs)}`,
  );
  console.log(`messages     ${await installation.messages()} stored in JetStream, ${admin.calls.total} HTTP calls to the cloud`);
  console.log(
    `cloud says   at most ${admin.peak.instance} instances and ${admin.peak.volume} volumes built at once (limit ${LIMIT} each), ${refusals} refused, ${admin.duplicates.length} doubled`,
  );
  console.log(`throttle     ${leases} tokens held`);
  return (
    all.every((one) => one.end!.outcome === 'succeeded') &&
    refusals === 0 &&
    admin.duplicates.length === 0 &&
    admin.peak.instance <= LIMIT &&
    admin.peak.volume <= LIMIT &&
    leases === 0
  );
}
