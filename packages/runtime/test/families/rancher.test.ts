import { until } from '@troupe/test-infra';
import { expect } from 'chai';
import { createStage, type Stage } from '../support/stage.ts';
import { rancher } from './rancher.ts';

const cluster = { kind: 'cluster', id: 'c' };
const node = (id: string) => ({ kind: 'node', id });
const machine = (id: string) => ({ kind: 'machine', id: `${id}-vm` });

/** A cluster whose nodes come up by themselves once their machines run. */
async function insertCluster(stage: Stage, { nodes = ['n1', 'n2'], storage = false, state = 'CREATION_SCHEDULED' } = {}) {
  const row = { state, backendId: state === 'OK' ? 'x' : '' };
  for (const id of nodes) {
    await stage.insert('machine', `${id}-vm`, {}, { ...row, backendId: row.backendId && `${id}-vm` });
    // the second one is the control plane
    await stage.insert('node', id, { machine: `${id}-vm`, isControlPlane: id === 'n2' }, row);
    stage.backend.say(id, '', 'registering', 'unavailable', 'active');
    if (state === 'OK') stage.backend.make(`${id}-vm`, ['ACTIVE']);
  }
  if (state === 'OK') stage.backend.make('c', ['active']);
  return stage.insert('cluster', 'c', { nodes, storage }, row);
}

/** On TEST_NATS_URL. */
describe('F19 Rancher clusters', function () {
  this.timeout(30_000);

  it('F19 create: cluster, then node by node with its machine, the control plane first, then storage; all of it heavy', async () => {
    await using stage = await createStage(rancher);
    const { outcome, error, info } = await stage.run('cluster.create', await insertCluster(stage, { storage: true }));
    expect({ outcome, error }).to.deep.equal({ outcome: 'succeeded', error: undefined });
    expect(stage.backend.steps()).to.deep.equal([
      'cluster.create c',
      'machine.create n2-vm',
      'machine.pull n2-vm',
      'node.pull n2',
      'machine.create n1-vm',
      'machine.pull n1-vm',
      'node.pull n1',
      'cluster.pull c',
      'storage.install c',
      'storage.look c-storage',
      'cluster.pull c',
    ]);
    expect(await stage.rows(cluster, node('n1'), node('n2'), machine('n1'), machine('n2'))).to.deep.equal([
      'c OK active',
      'n1 OK active',
      'n2 OK active',
      'n1-vm OK ACTIVE',
      'n2-vm OK ACTIVE',
    ]);
    for (const ref of [cluster, node('n1'), machine('n1')])
      expect(stage.witness.states(ref)).to.deep.equal(['CREATION_SCHEDULED', 'CREATING', 'OK']);
    // the machines are made by operations of the cluster, and their messages are as heavy as its own
    expect((await stage.childrenOf(info.id)).map(({ executor }) => executor)).to.deep.equal(['machine.create', 'machine.create']);
    expect(stage.witness.classes()).to.deep.equal(['heavy']);
    await stage.expectClean();
  });

  it('F19 create, trap: a machine that fails takes its node and the cluster along; what was not reached goes, what is OK stays', async () => {
    await using stage = await createStage(rancher);
    const ref = await insertCluster(stage, { nodes: ['n1', 'n2', 'n3'] });
    stage.backend.make('n1-vm', ['BUILDING', 'ERROR']);
    const { outcome, error } = await stage.run('cluster.create', ref);
    expect({ outcome, code: error?.code, cause: error?.cause?.code }).to.deep.equal({
      outcome: 'failed',
      code: 'child_failed',
      cause: 'poll_failed',
    });
    expect(await stage.rows(cluster, node('n2'), node('n1'), machine('n1'), node('n3'), machine('n3'))).to.deep.equal([
      'c ERRED provisioning',
      'n2 OK active',
      'n1 ERRED',
      'n1-vm ERRED ERROR',
      'n3 gone',
      'n3-vm gone',
    ]);
    await stage.expectClean();
  });

  it('F19 create: a node that says anything else than it should fails at once', async () => {
    await using stage = await createStage(rancher);
    const ref = await insertCluster(stage);
    stage.backend.say('n2', 'registering', 'drained');
    const { outcome, error } = await stage.run('cluster.create', ref);
    expect({ outcome, code: error?.code, message: error?.message }).to.deep.equal({
      outcome: 'failed',
      code: 'poll_failed',
      message: 'node n2: "drained" is no runtime state that the kind declares',
    });
    expect(await stage.rows(node('n2'))).to.deep.equal(['n2 ERRED drained']);
    await stage.expectClean();
  });

  it('F19 create, trap: nobody writes the state of a node but its operation: what comes late after a cancel changes nothing', async () => {
    await using stage = await createStage(rancher);
    const ref = await insertCluster(stage);
    stage.backend.say('n2', 'registering');
    const handle = await stage.client.execute({ executor: 'cluster.create', resource: ref });
    await until('the node registers', () => stage.backend.count('node.pull') > 1);
    stage.backend.latency(300, 'node.pull');
    const looks = stage.backend.count('node.pull');
    await until('another look', () => stage.backend.count('node.pull') > looks);
    stage.backend.say('n2', 'active');
    await stage.client.cancel(handle.id, { reason: 'test' });
    expect(await handle.ended()).to.include({ outcome: 'cancelled' });
    // the look that was under way ends with `active` after that
    await stage.restart('worker');
    expect(await stage.rows(cluster, node('n2'), node('n1'))).to.deep.equal(['c ERRED provisioning', 'n2 ERRED registering', 'n1 gone']);
    expect(stage.witness.states(node('n2'))).to.deep.equal(['CREATION_SCHEDULED', 'CREATING', 'ERRED']);
    await stage.expectClean();
  });

  it('F19 delete: machines by force, then their nodes, then the cluster, whose row goes last; all of it heavy', async () => {
    await using stage = await createStage(rancher);
    const { outcome, error } = await stage.run('cluster.delete', await insertCluster(stage, { state: 'OK' }));
    expect({ outcome, error }).to.deep.equal({ outcome: 'succeeded', error: undefined });
    const steps = stage.backend.steps();
    expect(steps.at(-1)).to.equal('cluster.delete c');
    for (const id of ['n1', 'n2']) expect(steps.indexOf(`machine.delete ${id}-vm`)).to.be.within(0, steps.indexOf(`node.delete ${id}`) - 1);
    expect(await stage.rows(cluster, node('n1'), node('n2'), machine('n1'), machine('n2'))).to.deep.equal([
      'c gone',
      'n1 gone',
      'n2 gone',
      'n1-vm gone',
      'n2-vm gone',
    ]);
    expect(stage.witness.states(cluster)).to.deep.equal(['OK', 'DELETION_SCHEDULED', 'DELETING', 'removed']);
    expect(stage.backend.names()).to.deep.equal([]);
    expect(stage.witness.classes()).to.deep.equal(['heavy']);
    await stage.expectClean();
  });

  it('F19 delete, trap: a node that cannot go is ERRED and so is the cluster, which is not touched; the others have gone', async () => {
    await using stage = await createStage(rancher);
    const ref = await insertCluster(stage, { state: 'OK' });
    stage.backend.fail('node.delete', () => Object.assign(new Error('it is locked'), { code: 'locked', retryable: false }));
    const { outcome, error } = await stage.run('cluster.delete', ref);
    expect({ outcome, code: error?.code, cause: error?.cause?.code }).to.deep.equal({
      outcome: 'failed',
      code: 'child_failed',
      cause: 'locked',
    });
    expect(stage.backend.count('cluster.delete')).to.equal(0);
    const rows = (await stage.rows(cluster, node('n1'), node('n2'))).map((row) => row.replace(' active', ''));
    expect(rows[0]).to.equal('c ERRED');
    expect(
      rows
        .slice(1)
        .map((row) => row.split(' ')[1])
        .sort(),
    ).to.deep.equal(['ERRED', 'gone']);
    await stage.expectClean();
  });

  it('F19 delete: one without nodes is one call', async () => {
    await using stage = await createStage(rancher);
    expect(await stage.run('cluster.delete', await insertCluster(stage, { nodes: [], state: 'OK' }))).to.include({ outcome: 'succeeded' });
    expect(stage.backend.steps()).to.deep.equal(['cluster.delete c']);
    await stage.expectClean();
  });
});
