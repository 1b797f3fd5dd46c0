/** What happens to one process at one point of one plan, and what must have become of the operation. */
import { expect } from 'chai';
import { until } from '@troupe/test-infra';
import type { PlanName } from './app.ts';
import type { Cut } from './cuts.ts';
import { type Installation, type Order, startInstallation } from './installation.ts';
import { DEDUP_WINDOW_MS, type Fault, type RoleName, roleNames } from './start-role.ts';
import type { Victim } from './victim.ts';

const url = (): string => process.env['TEST_NATS_URL']!;

export async function killed(plan: PlanName, cut: Cut): Promise<void> {
  await using installation = await startInstallation({ url: url() });
  const victim = await startAll(installation, cut.role, { ...cut, signal: 'SIGKILL' });
  const order = await installation.order(plan, 'm1');
  await arrived(victim, order);
  expect(await victim.exited, 'how the victim ended').to.equal('SIGKILL');
  await installation.serve(cut.role);
  await installation.endsWell(order);
  await installation.comesToRest();
}

/**
 * Thawed when the operation has ended without it: nothing that it does then may change anything.
 *
 * The backend of a freeze knows tokens. One that makes handlers look first cannot be held: the process may stand still in
 * the middle of another handler, between its look and its call (measured: one of 40 freezes at `task.acknowledged` doubled
 * the object of the next step). Contracts that say `idempotent: 'token'` ask for such a backend; no queue can replace it.
 */
export async function frozenUntilTheEnd(plan: PlanName, cut: Cut): Promise<void> {
  await using installation = await startInstallation({ url: url(), knowsTokens: true });
  const { victim, order, stopSuccessor } = await freeze(installation, plan, cut);
  await installation.endsWell(order);
  await windowIsOver(victim);
  const before = await installation.look(order);
  await victim.thaw();
  await servesAlone(installation, plan, stopSuccessor);
  expect(await installation.look(order), 'record and resource of the first operation').to.deep.equal(before);
  await installation.endsWell(order);
}

/** Thawed in the middle: another owner has gone on as far as the backend, which holds its answers back, so both go on at once. */
export async function frozenForAWhile(plan: PlanName, cut: Cut): Promise<void> {
  await using installation = await startInstallation({ url: url(), knowsTokens: true });
  const { victim, order, stopSuccessor, revision } = await freeze(installation, plan, cut, () => installation.ledger.close());
  let isOver = false;
  order.ended().then(
    () => (isOver = true),
    () => undefined,
  );
  const hasGoneOn = async (): Promise<boolean> =>
    isOver || installation.ledger.waiting > 0 || (await installation.revision(order)) > revision;
  await until('another owner has gone on', hasGoneOn, 20_000, 50);
  await windowIsOver(victim);
  await victim.thaw();
  installation.ledger.open();
  await installation.endsWell(order);
  await servesAlone(installation, plan, stopSuccessor);
  await installation.endsWell(order);
}

async function freeze(installation: Installation, plan: PlanName, cut: Cut, atOnce: () => void = () => undefined) {
  const victim = await startAll(installation, cut.role, { ...cut, signal: 'SIGSTOP' });
  const order = await installation.order(plan, 'm1');
  await arrived(victim, order);
  atOnce();
  await victim.stoodStill();
  const revision = await installation.revision(order);
  const stopSuccessor = await installation.serve(cut.role);
  return { victim, order, stopSuccessor, revision };
}

/** The victim as a process, the other roles beside the test. */
async function startAll(installation: Installation, role: RoleName, fault: Fault): Promise<Victim> {
  const others = roleNames.filter((other) => other !== role);
  const [victim] = await Promise.all([installation.victim(role, fault), ...others.map((other) => installation.serve(other))]);
  return victim;
}

/** The victim has come to its point, which it must before the operation ends, or at its last breath. */
async function arrived(victim: Victim, order: Order): Promise<void> {
  await victim.said('arrived', order.ended());
}

async function windowIsOver(victim: Victim): Promise<void> {
  const isOver = (): boolean => performance.now() - victim.stoodStillSince! > 1.2 * DEDUP_WINDOW_MS;
  await until('the window of the server is over', isOver);
}

/** The thawed process has handled what had piled up: a second operation ends with nobody else in its role. */
async function servesAlone(installation: Installation, plan: PlanName, stopSuccessor: () => Promise<void>): Promise<void> {
  await stopSuccessor();
  await installation.endsWell(await installation.order(plan, 'm2'));
  await installation.comesToRest();
}
