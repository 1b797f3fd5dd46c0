/** Operations of no-op steps: one at a time, and as many as go. */
import { connect } from '@nats-io/transport-node';
import { startBareLoop } from '../bare-loop.ts';
import { loaded, oneByOne } from '../load.ts';
import type { Result, Side, SideContext } from '../scenario.ts';
import { startTroupe } from '../troupe.ts';

const STEPS = 5;
const GROUP = 20;
const IN_FLIGHT = 500;

const startBare = async ({ server }: SideContext) => startBareLoop(await connect({ servers: server.url, noAsyncTraces: true }), 'bare');

const idle = async (run: () => Promise<void>, isQuick: boolean): Promise<Result> => ({
  values: { ...(await oneByOne(run, isQuick ? 100 : 200, isQuick ? 150 : 300)) },
});

export const bareIdle: Side = async (context) => {
  const bare = await startBare(context);
  return idle(() => bare.run(STEPS), context.isQuick);
};

export const troupeIdle: Side = async (context) => {
  const troupe = await startTroupe(context);
  return idle(() => troupe.run('chain', { steps: STEPS }), context.isQuick);
};

async function load(run: () => Promise<void>, context: SideContext, inFlight: number, stepsEach: number): Promise<Result> {
  // the same number of steps on every side
  const times = { warmUp: (context.isQuick ? 7_500 : 15_000) / stepsEach, measureMs: context.isQuick ? 2_000 : 4_000 };
  const { perSecond, cost } = await loaded(run, { ...context, ...times, inFlight, stepsEach });
  return { values: { perSecond, stepsPerSecond: perSecond * stepsEach, messagesPerStep: cost.serverMessages / cost.steps }, cost };
}

export const bareLoaded: Side = async (context) => {
  const bare = await startBare(context);
  return load(() => bare.run(STEPS), context, IN_FLIGHT, STEPS);
};

export const troupeLoaded: Side = async (context) => {
  const troupe = await startTroupe(context);
  return load(() => troupe.run('chain', { steps: STEPS }), context, IN_FLIGHT, STEPS);
};

/** As much work under way as with the chains: 125 groups of 20 steps for 500 chains of 5. */
export const troupeGroups: Side = async (context) => {
  const troupe = await startTroupe(context);
  return load(() => troupe.run('group', { steps: GROUP }), context, IN_FLIGHT / (GROUP / STEPS), GROUP);
};
