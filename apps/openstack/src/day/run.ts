/** A day of a broker, compressed: users alone, then the same users beside all that the clock starts. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { EventFeed } from '@troupe/client';
import { startScheduler } from '@troupe/runtime';
import { type Installation, LIMIT, PROVIDER } from '../demo/installation.ts';
import { daySchedules, type DayTally } from './app.ts';
import type { DayModel } from './model.ts';
import type { DayProviders } from './providers.ts';
import { emptyTimes, makeMachine, type UserTimes, users } from './users.ts';

/** Until the first nominal time: the definitions are on their way. */
const LEAD_MS = 3_000;

/** A token whose holder has ended may be on its way back. */
const RETURN_MS = 10_000;

const outcomes = ['ran', 'skippedOverlap', 'skippedPenalty', 'coalesced', 'missed'] as const;

export interface DayReport {
  readonly tally: DayTally;
  /** What became of the nominal times. */
  readonly told: Record<(typeof outcomes)[number], number>;
  readonly alone: UserTimes;
  readonly beside: UserTimes;
  /** Most builds at one time on the cloud of the users, and builds that it refused. */
  readonly peak: { readonly instance: number; readonly volume: number };
  readonly refused: number;
  /** What the throttle grants of each. */
  readonly limit: number;
  /** Objects of the cloud that are there twice, and tokens that somebody still holds at the end. */
  readonly doubled: number;
  readonly held: number;
}

/** `least`: how often users go through all they do before the day begins, and in it. */
export async function runDay(
  installation: Installation,
  model: DayModel,
  { tally, providers }: { readonly tally: DayTally; readonly providers: DayProviders },
  least: number,
): Promise<DayReport> {
  try {
    await providers.start();
    await makeMachine(installation);
    const alone = emptyTimes();
    await users(installation, alone, () => true, least);
    const { told, beside } = await clock(installation, model, providers, least);
    return { tally, told, alone, beside, ...(await limitsOf(installation)) };
  } finally {
    // a run that was abandoned asks no more
    await providers.stop();
  }
}

/** The day itself, with users beside it. */
async function clock(
  installation: Installation,
  model: DayModel,
  providers: DayProviders,
  least: number,
): Promise<Pick<DayReport, 'told' | 'beside'>> {
  const { runtime, client, app } = installation;
  const told = { ran: 0, skippedOverlap: 0, skippedPenalty: 0, coalesced: 0, missed: 0 };
  const feed = await client.watch({ topics: [['schedule']], maxWaiting: 100_000 });
  const counting = count(feed, told);
  // an interrupt stops the client first; it is heard of below
  counting.catch(() => undefined);
  const schedules = daySchedules(model, runtime.serverNow() + LEAD_MS);
  const scheduler = await startScheduler(runtime, { name: app.name, schedules }, { minimumInterval: '1s' });
  const beginning = setTimeout(() => providers.begin(), LEAD_MS);
  const beside = emptyTimes();
  try {
    let isOver = false;
    const over = sleep(LEAD_MS + model.dayMs).then(() => (isOver = true));
    await Promise.all([over, users(installation, beside, () => isOver, least)]);
  } finally {
    clearTimeout(beginning);
    await scheduler.stop();
    feed.stop();
    await counting;
  }
  return { told, beside };
}

type Limits = Pick<DayReport, 'peak' | 'refused' | 'limit' | 'doubled' | 'held'>;

async function limitsOf({ client, builds }: Installation): Promise<Limits> {
  const holders = async (): Promise<number> => ((await client.throttle(PROVIDER)) ?? []).reduce((sum, { used }) => sum + used, 0);
  const until = performance.now() + RETURN_MS;
  let held = await holders();
  for (; held > 0 && performance.now() < until; held = await holders()) await sleep(100);
  const { peak, refusals, duplicates } = builds();
  return { peak, refused: refusals.instance + refusals.volume, limit: LIMIT, doubled: duplicates.length, held };
}

async function count(feed: EventFeed, told: DayReport['told']): Promise<void> {
  for await (const { topic, body } of feed) {
    const what = outcomes.find((one) => one === topic[2]);
    if (what !== undefined) told[what] += (body as { count?: number }).count ?? 1;
  }
}
