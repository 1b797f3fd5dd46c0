/** Submits the orders, shows them until all have ended, and sums up. */
import type { OperationEnd } from '@troupe/client';
import { formatMs, toWireError } from '@troupe/protocol';
import { type Installation, LIMIT, PROVIDER } from './installation.ts';
import { insertRows, type Order } from './orders.ts';
import { createScreen, type Row } from './screen.ts';

const REFRESH_MS = 400;

interface Running {
  readonly name: string;
  id: string;
  steps: { readonly done: number; readonly total: number };
  readonly startedAt: number;
  end: OperationEnd | { readonly outcome: 'rejected'; readonly error: { readonly code: string; readonly message: string } } | undefined;
  endedAt: number;
}

/** Resolves with whether every operation ended well and no limit was passed. */
export async function runOrders(installation: Installation, orders: readonly Order[], now: () => number): Promise<boolean> {
  const startedAt = now();
  const screen = createScreen(process.stdout, now);
  const all: Running[] = [];
  await Promise.all(orders.map((order) => insertRows(installation.store, order)));
  await Promise.all(orders.map(async (order, i) => void (all[i] = await submit(installation, order, i, now))));
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

async function submit({ client }: Installation, order: Order, index: number, now: () => number): Promise<Running> {
  const { rows: _, ...request } = order;
  const one: Running = {
    name: order.resource?.id ?? `command ${index + 1}`,
    id: '',
    steps: { done: 0, total: 0 },
    startedAt: now(),
    end: undefined,
    endedAt: 0,
  };
  const ended = (end: Running['end']): void => void Object.assign(one, { end, endedAt: now() });
  const failed = (error: unknown): void => {
    const { code, message } = toWireError(error);
    ended({ outcome: 'rejected', error: { code, message } });
  };
  try {
    const handle = await client.execute(request);
    one.id = handle.id;
    if (handle.answer.answer === 'rejected') failed(handle.answer.error);
    else handle.ended().then(ended, failed);
  } catch (error) {
    failed(error);
  }
  return one;
}

async function rowOf({ client }: Installation, one: Running): Promise<Row> {
  if (one.end !== undefined) {
    const why =
      one.end.error === undefined ? `in ${formatMs(one.endedAt - one.startedAt)}` : `${one.end.error.code}: ${one.end.error.message}`;
    const { total } = one.steps;
    const done = one.end.outcome === 'succeeded' ? total : one.steps.done;
    return { name: one.name, status: one.end.outcome, done, total, step: '', why };
  }
  try {
    const { view, waits } = await client.explain(one.id);
    const [wait] = waits;
    one.steps = view.steps;
    const step = wait === undefined || wait.name === wait.path ? '' : wait.name;
    return { name: one.name, status: view.status, ...view.steps, step, why: wait?.sentence ?? '' };
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
