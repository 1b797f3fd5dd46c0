/** What users do meanwhile: volumes made and removed, a machine stopped and started, one after the other in each of a few lanes. */
import type { Installation } from '../demo/installation.ts';
import { insertRows, twentyInstances } from '../demo/orders.ts';
import { Instance, Volume } from '../app/index.ts';
import { PROVIDER } from '../demo/installation.ts';

/** Milliseconds from the command to the known end, of each operation by its executor. */
export interface UserTimes {
  readonly ms: Map<string, number[]>;
  failed: number;
}

export const emptyTimes = (): UserTimes => ({ ms: new Map(), failed: 0 });

async function timed({ client }: Installation, times: UserTimes, executor: string, resource: { kind: string; id: string }): Promise<void> {
  const from = performance.now();
  const { outcome } = await (await client.execute({ executor, resource })).ended();
  const all = times.ms.get(executor) ?? [];
  times.ms.set(executor, all);
  all.push(performance.now() - from);
  if (outcome !== 'succeeded') times.failed++;
}

/** The machine that is stopped and started. */
export async function makeMachine(installation: Installation): Promise<void> {
  const [order] = twentyInstances(1, 1);
  await insertRows(installation.store, order!);
  const { executor, resource } = order!;
  const { outcome } = await (await installation.client.execute({ executor, resource: resource! })).ended();
  if (outcome !== 'succeeded') throw new Error(`the machine of the example ended ${outcome}`);
}

/** Two lanes of operations until `isOver`, and each of the four at least `least` times. */
export async function users(installation: Installation, times: UserTimes, isOver: () => boolean, least: number): Promise<void> {
  const enough = (executor: string): boolean => (times.ms.get(executor)?.length ?? 0) >= least;
  const volumes = async (): Promise<void> => {
    for (let n = 0; !isOver() || !enough('openstack.volume.delete'); n++) {
      const ref = Volume.ref(`v-${Math.round(performance.now())}-${n}`);
      await insertRows(installation.store, { executor: '', rows: [{ ref, data: { provider: PROVIDER, name: ref.id, sizeGb: 1 } }] });
      for (const verb of ['create', 'delete']) await timed(installation, times, `openstack.volume.${verb}`, ref);
    }
  };
  const machine = async (): Promise<void> => {
    while (!isOver() || !enough('openstack.instance.start'))
      for (const verb of ['stop', 'start']) await timed(installation, times, `openstack.instance.${verb}`, Instance.ref('vm-01'));
  };
  await Promise.all([volumes(), machine()]);
}
