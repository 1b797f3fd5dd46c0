/** SQLite's habit: make the n-th call fail, for n = 1, 2, 3, … until the scenario passes untouched. */
import type { JsonObject, ResourceRef } from '@troupe/protocol';
import { expect } from 'chai';
import { type CloudObjects, createObjectReader } from './cloud-objects.ts';
import type { Stage } from './stage.ts';

export interface Run {
  readonly n: number;
  readonly ref: ResourceRef;
  /** Whether the n-th call came at all, and was refused. */
  readonly isHit: boolean;
  readonly end: Awaited<ReturnType<Stage['run']>>;
  /** What it made on the cloud, and is there still. */
  readonly made: CloudObjects;
}

function madeSince(before: CloudObjects, after: CloudObjects): CloudObjects {
  const fresh = (name: keyof CloudObjects): string[] => after[name].filter((id) => !before[name].includes(id));
  return { volumes: fresh('volumes'), servers: fresh('servers'), floatingIps: fresh('floatingIps'), idlePorts: fresh('idlePorts') };
}

/** Runs a scenario again and again, with its n-th call to the cloud refused for n = 1, 2, 3, … until it passes untouched. */
export async function untilUntouched(
  stage: Stage,
  executor: string,
  prepare: (name: string) => Promise<ResourceRef>,
  check: (run: Run) => Promise<void>,
  inputOf: (ref: ResourceRef) => JsonObject | undefined = () => undefined,
): Promise<number> {
  const { control } = stage.cloud;
  const readObjects = await createObjectReader(stage.cloud);
  const run = async (n: number): Promise<Run> => {
    const before = await readObjects();
    const ref = await prepare(`n${n}`);
    const fault = control.failCalls({ route: '*', nth: n, effect: { kind: 'status', status: 400, message: 'not this time' } });
    const end = await stage.run(executor, ref, inputOf(ref));
    const isHit = control.faults().calls.some(({ id, hits }) => id === fault && hits > 0);
    control.clearFaults();
    if (!isHit) expect(end.outcome, `call ${n}`).to.equal('succeeded');
    return { n, ref, isHit, end, made: madeSince(before, await readObjects()) };
  };
  // the first one logs in, which would shift all others
  await check(await run(Infinity));
  let untouched = 0;
  let n = 0;
  // the number of looks differs from run to run, so one that passes may have been lucky
  while (untouched < 2) {
    const one = await run(++n);
    untouched = one.isHit ? 0 : untouched + 1;
    await check(one);
  }
  return n - untouched;
}

/** Whatever failed, all of them rest, say so in the same words, and hold nothing. */
export async function expectEnd(stage: Stage, { n, isHit, end }: Run, ...refs: ResourceRef[]): Promise<void> {
  for (const ref of refs) {
    const row = (await stage.row(ref.kind, ref.id))!;
    expect(row, `call ${n}: ${ref.kind}`).to.include({ state: isHit ? 'ERRED' : 'OK', action: '', currentOperation: null });
    if (!isHit) continue;
    expect(end.outcome, `call ${n}`).to.equal('failed');
    expect(row.error, `call ${n}: ${ref.kind}`).to.include({ code: end.error!.code, message: end.error!.message });
    expect(row.error!.message, `call ${n}: ${ref.kind}`).to.include('not this time');
  }
  await stage.expectClean();
}
