import { expect } from 'chai';
import { insertInstance } from '../support/instances.ts';
import { createStage, type Stage } from '../support/stage.ts';

function countBySubject(stage: Stage): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { cls, name } of stage.witness.tasks()) counts[`${cls} ${name}`] = (counts[`${cls} ${name}`] ?? 0) + 1;
  return counts;
}

describe('the class of an operation, counted on the subjects of TASKS', () => {
  it('S3 C5: all messages of a heavy F6, counted per subject, are heavy: first tries, retries, polls, child and pulls', async () => {
    await using stage = await createStage();
    stage.cloud.control.failCalls({ route: 'nova.servers.create', effect: { kind: 'status', status: 503 } });
    const ref = await insertInstance(stage, 'vm', { volumes: 2, ips: 1 });
    const { info } = await stage.run('openstack.instance.create', ref);
    expect(info).to.include({ outcome: 'succeeded', class: 'heavy' });
    const counts = countBySubject(stage);
    expect(Object.keys(counts).filter((subject) => !subject.startsWith('heavy '))).to.deep.equal([]);
    expect(counts).to.include({
      'heavy openstack.volume.create': 2,
      'heavy openstack.server.create': 2,
      'heavy openstack.tenant.addresses.pull': 1,
    });
  });

  it('S3 C5: so are those of a heavy F6 that fails, its compensation included', async () => {
    await using stage = await createStage();
    stage.cloud.control.failCalls({ route: 'nova.servers.create', effect: { kind: 'status', status: 400 } });
    const ref = await insertInstance(stage, 'vm', { volumes: 1 });
    expect(await stage.run('openstack.instance.create', ref)).to.include({ outcome: 'failed' });
    const counts = countBySubject(stage);
    expect(Object.keys(counts).filter((subject) => !subject.startsWith('heavy '))).to.deep.equal([]);
    expect(counts).to.include({ 'heavy openstack.ports.release': 1 });
  });

  it('S3: those of F7 are regular, though the create was heavy', async () => {
    await using stage = await createStage();
    const ref = await insertInstance(stage, 'vm', { volumes: 2 });
    await stage.run('openstack.instance.create', ref);
    const before = stage.witness.tasks().length;
    expect(await stage.run('openstack.instance.delete', ref)).to.include({ outcome: 'succeeded' });
    expect([...new Set(stage.witness.tasks(before).map(({ cls }) => cls))]).to.deep.equal(['regular']);
  });
});
