import { until } from '@troupe/test-infra';
import { expect } from 'chai';
import { createStage, type Stage } from '../support/stage.ts';
import { clouds } from './clouds.ts';

const parts = ['group', 'network', 'subnet', 'ip', 'nic'].map((part) => ({ kind: `azure-${part}`, id: 'vm' }));

async function insertAzure(stage: Stage) {
  for (const { kind, id } of parts) await stage.insert(kind, id);
  return stage.insert('azure.vm', 'vm');
}

async function insertVm(stage: Stage, runtimeState: string, facts: object) {
  stage.backend.make('m', [runtimeState], { ...facts });
  const ref = await stage.insert('vmware.vm', 'm', {}, { state: 'OK', backendId: 'm' });
  expect(await stage.run('vmware.vm.pull', ref)).to.include({ outcome: 'succeeded' });
  return ref;
}

/** On TEST_NATS_URL, all of it with a single slot for tasks. */
describe('F20 Azure, VMware and AWS', function () {
  this.timeout(30_000);

  it('F20 Azure: each part is made and OK before the next, then the machine of all of them', async () => {
    await using stage = await createStage(clouds);
    const { outcome, error } = await stage.run('azure.vm.create', await insertAzure(stage));
    expect({ outcome, error }).to.deep.equal({ outcome: 'succeeded', error: undefined });
    expect(stage.backend.steps().filter((text) => text.startsWith('create'))).to.deep.equal([
      ...parts.map(({ kind }) => `create vm/${kind}`),
      'create vm',
    ]);
    for (const part of parts) expect(stage.witness.states(part)).to.deep.equal(['CREATION_SCHEDULED', 'CREATING', 'OK']);
    expect(stage.witness.states({ kind: 'azure.vm', id: 'vm' })).to.deep.equal(['CREATION_SCHEDULED', 'CREATING', 'OK']);
    expect(await stage.row(parts[4]!)).to.include({ runtimeState: 'Succeeded', backendId: 'vm/azure-nic' });
    await stage.expectClean();
  });

  it('F20 Azure, trap: while the machine is built no slot is held, so the only one serves others', async () => {
    await using stage = await createStage(clouds);
    stage.backend.make('vm', ['Creating']);
    const handle = await stage.client.execute({ executor: 'azure.vm.create', resource: await insertAzure(stage) });
    await until('the machine is being built', () => stage.backend.calls.some(({ verb, name }) => verb === 'pull' && name === 'vm'));
    expect(await stage.run('ping')).to.include({ outcome: 'succeeded' });
    expect((await stage.client.operation(handle.id))?.status).to.equal('running');
    stage.backend.say('vm', 'Succeeded');
    expect(await handle.ended()).to.include({ outcome: 'succeeded' });
    expect(stage.backend.peak).to.equal(1);
    await stage.expectClean();
  });

  it('F20 Azure: when a part fails, those before it stay OK, it is ERRED with the machine, and nothing after it is left', async () => {
    await using stage = await createStage(clouds);
    stage.backend.make('vm/azure-ip', ['Creating', 'Failed']);
    const { outcome, error } = await stage.run('azure.vm.create', await insertAzure(stage));
    expect({ outcome, code: error?.code }).to.deep.equal({ outcome: 'failed', code: 'poll_failed' });
    expect((await stage.rows({ kind: 'azure.vm', id: 'vm' }, ...parts)).map((row) => row.split(' ')[1])).to.deep.equal([
      ...['ERRED', 'OK', 'OK', 'OK', 'ERRED', 'gone'],
    ]);
    await stage.expectClean();
  });

  it('F20 VMware start: called, then waited for until its tools run', async () => {
    await using stage = await createStage(clouds);
    const ref = await insertVm(stage, 'POWERED_OFF', { tools: false, bootedAt: 1 });
    const handle = await stage.client.execute({ executor: 'vmware.vm.start', resource: ref });
    await until('the tools are looked for', () => stage.backend.count('tools') > 1);
    expect(await stage.row(ref)).to.include({ state: 'UPDATING', action: 'start' });
    stage.backend.say('m', 'POWERED_ON');
    stage.backend.tell('m', { tools: true });
    expect(await handle.ended()).to.include({ outcome: 'succeeded' });
    expect(stage.backend.steps().slice(1)).to.deep.equal(['start m', 'pull m', 'tools m', 'pull m']);
    expect(await stage.row(ref)).to.include({ state: 'OK', runtimeState: 'POWERED_ON', action: '' });
    const again = await stage.client.execute({ executor: 'vmware.vm.start', resource: ref });
    expect(again.answer).to.deep.include({ answer: 'rejected' });
    await stage.expectClean();
  });

  it('F20 VMware reset, trap: looks never meet the moment without tools, and yet those of before the reset are not taken for it', async () => {
    await using stage = await createStage(clouds);
    const ref = await insertVm(stage, 'POWERED_ON', { tools: true, bootedAt: 1 });
    const handle = await stage.client.execute({ executor: 'vmware.vm.reset', resource: ref });
    await until('the tools have been looked for', () => stage.backend.count('tools') > 2);
    expect((await stage.client.operation(handle.id))?.status).to.equal('running');
    stage.backend.tell('m', { bootedAt: 2 });
    expect(await handle.ended()).to.include({ outcome: 'succeeded' });
    await stage.expectClean();
  });

  it('F20 VMware disk delete: disk, then its datastore, then the row; the machine is told by an operation of its own', async () => {
    await using stage = await createStage(clouds);
    const ref = await insertVm(stage, 'POWERED_ON', {});
    const disk = await stage.insert('vmware.disk', 'd', { vm: 'm', datastore: 'ds' }, { state: 'OK', backendId: 'd' });
    const { outcome, info } = await stage.run('vmware.disk.delete', disk, { input: { vm: 'm' } });
    expect(outcome).to.equal('succeeded');
    expect(await stage.client.follow(`${info.id}.after`).ended()).to.include({ outcome: 'succeeded' });
    expect(stage.backend.steps().slice(1)).to.deep.equal(['delete d', 'pull ds', 'pull m']);
    expect(await stage.rows(disk, ref)).to.deep.equal(['d gone', 'm OK POWERED_ON']);
    await stage.expectClean();
  });

  it('F20 AWS instance: volume and instance are created by one call, and OK together', async () => {
    await using stage = await createStage(clouds);
    const ref = await stage.insert('aws.instance', 'i');
    const volume = await stage.insert('aws.volume', 'i-root');
    stage.backend.make('i', ['pending', 'pending', 'running']);
    stage.backend.make('i-root', ['inuse']);
    const { outcome, error } = await stage.run('aws.instance.create', ref);
    expect({ outcome, error }).to.deep.equal({ outcome: 'succeeded', error: undefined });
    expect(stage.backend.steps()).to.deep.equal(['create i', 'pull i', 'pull i-root', 'addresses i']);
    expect(await stage.rows(ref, volume)).to.deep.equal(['i OK running', 'i-root OK inuse']);
    await stage.expectClean();
  });

  it('F20 AWS instance: one that breaks leaves both ERRED', async () => {
    await using stage = await createStage(clouds);
    const ref = await stage.insert('aws.instance', 'i');
    const volume = await stage.insert('aws.volume', 'i-root');
    stage.backend.make('i', ['pending', 'error']);
    expect(await stage.run('aws.instance.create', ref)).to.include({ outcome: 'failed' });
    expect(await stage.rows(ref, volume)).to.deep.equal(['i ERRED error', 'i-root ERRED']);
    await stage.expectClean();
  });

  it('F20 AWS volume and resize: each waits for its word', async () => {
    await using stage = await createStage(clouds);
    stage.backend.make('v', ['creating', 'available', 'inuse', 'available']);
    const volume = await stage.insert('aws.volume', 'v');
    for (const verb of ['create', 'attach', 'detach']) {
      const { outcome, error } = await stage.run(`aws.volume.${verb}`, volume);
      expect({ verb, outcome, error }).to.deep.equal({ verb, outcome: 'succeeded', error: undefined });
    }
    expect(await stage.rows(volume)).to.deep.equal(['v OK available']);
    stage.backend.make('i', ['running', 'stopped']);
    const instance = await stage.insert('aws.instance', 'i', {}, { state: 'OK', backendId: 'i' });
    expect(await stage.run('aws.instance.resize', instance)).to.include({ outcome: 'succeeded' });
    expect(await stage.rows(instance)).to.deep.equal(['i OK stopped']);
    await stage.expectClean();
  });

  it('F20 AWS volume, trap: a poll for a word that this backend never says is refused before anything is called', async () => {
    await using stage = await createStage(clouds);
    stage.backend.make('v', ['available']);
    const volume = await stage.insert('aws.volume', 'v', {}, { state: 'OK', backendId: 'v' });
    const { outcome, error } = await stage.run('aws.volume.attach-for-ever', volume);
    expect({ outcome, code: error?.code, field: error?.field }).to.deep.equal({
      outcome: 'failed',
      code: 'invalid_plan',
      field: 'plan.0.1.until',
    });
    expect(stage.backend.calls).to.deep.equal([]);
    await stage.expectClean();
  });
});
