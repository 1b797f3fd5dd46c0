import { expect } from 'chai';
import { createBackend } from '@troupe/openstack';
import type { Made } from '@troupe/openstack';
import { adminConfigOf, createBench } from '../support/bench.ts';
import type { Bench } from '../support/bench.ts';
import { longMs } from '../support/objects.ts';
import { failureOf } from '../support/failure.ts';

interface Create {
  readonly what: 'volume' | 'snapshot' | 'server' | 'port' | 'floatingip' | 'network' | 'subnet' | 'router' | 'securitygroup' | 'project';
  readonly route: string;
  run(bench: Bench, token: string): Promise<Made<{ readonly id: string }>>;
}

const creates: readonly Create[] = [
  { what: 'volume', route: 'cinder.volumes.create', run: ({ backend }, token) => backend.createVolume({ token, name: 'data', sizeGb: 1 }) },
  {
    what: 'snapshot',
    route: 'cinder.snapshots.create',
    async run({ backend, clock }, token) {
      const { item } = await backend.createVolume({ token: 'the volume', name: 'data', sizeGb: 1 });
      clock.advance(longMs);
      return backend.createSnapshot({ token, volumeId: item.id, name: 'before' });
    },
  },
  {
    what: 'server',
    route: 'nova.servers.create',
    run: ({ backend, ids }, token) => backend.createServer({ token, name: 'vm', flavorId: '1', imageId: ids.image }),
  },
  {
    what: 'port',
    route: 'neutron.ports.create',
    run: ({ backend, ids }, token) => backend.createPort({ token, networkId: ids.privateNetwork }),
  },
  {
    what: 'floatingip',
    route: 'neutron.floatingips.create',
    run: ({ backend, ids }, token) => backend.createFloatingIp({ token, networkId: ids.publicNetwork }),
  },
  {
    what: 'network',
    route: 'neutron.networks.create',
    run: ({ backend, ids }, token) => backend.createNetwork({ token, projectId: ids.project, name: 'net' }),
  },
  {
    what: 'subnet',
    route: 'neutron.subnets.create',
    async run({ backend, ids }, token) {
      const { item } = await backend.createNetwork({ token: 'the network', projectId: ids.project, name: 'net' });
      const cidr = `10.${token.length}.0.0/24`;
      return backend.createSubnet({ token, projectId: ids.project, name: 'sub', networkId: item.id, cidr });
    },
  },
  {
    what: 'router',
    route: 'neutron.routers.create',
    run: ({ backend, ids }, token) =>
      backend.createRouter({ token, projectId: ids.project, name: 'out', externalNetworkId: ids.publicNetwork }),
  },
  {
    what: 'securitygroup',
    route: 'neutron.security_groups.create',
    run: ({ backend, ids }, token) => backend.createSecurityGroup({ token, projectId: ids.project, name: 'ssh' }),
  },
  // a second one of the same name gets a name of its own
  {
    what: 'project',
    route: 'keystone.projects.create',
    run: ({ cloud }, token) => createBackend(adminConfigOf(cloud)).createProject({ token, name: 'team' }),
  },
];

const made = ({ cloud }: Bench, kind: string): number =>
  cloud.control
    .tokens()
    .filter((record) => record.kind === kind)
    .flatMap(({ ids }) => ids).length;

for (const { what, route, run } of creates) {
  describe(`creating a ${what} again after an unknown outcome`, () => {
    it('finds what the lost answer was about', async () => {
      await using bench = await createBench();
      bench.cloud.control.failCalls({ route, effect: { kind: 'drop', when: 'after' } });
      const error = await failureOf(run(bench, 'op-1/create'), 'network');
      expect([error.retryable, error.outcomeUnknown]).to.deep.equal([true, true]);
      const again = await run(bench, 'op-1/create');
      expect(again.isNew).to.equal(false);
      expect(made(bench, what)).to.equal(1);
      expect(bench.cloud.control.summary().duplicates).to.deep.equal([]);
    });

    it('creates it if the request was what got lost', async () => {
      await using bench = await createBench();
      bench.cloud.control.failCalls({ route, effect: { kind: 'drop', when: 'before' } });
      const error = await failureOf(run(bench, 'op-1/create'), 'network');
      expect(error.outcomeUnknown).to.equal(true);
      expect((await run(bench, 'op-1/create')).isNew).to.equal(true);
      expect(made(bench, what)).to.equal(1);
    });

    it('finds it after an error that came too late', async () => {
      await using bench = await createBench();
      bench.cloud.control.failCalls({ route, effect: { kind: 'status', status: 502, when: 'after' } });
      await failureOf(run(bench, 'op-1/create'), 'server_error');
      expect((await run(bench, 'op-1/create')).isNew).to.equal(false);
      expect(made(bench, what)).to.equal(1);
    });

    it('gives the same one however often it is asked, and another one for another token', async () => {
      await using bench = await createBench();
      // Nothing of a token may matter to the API that carries it.
      const token = 'op/1, "create": {node=0.2.1} & more?';
      const ids = [];
      for (let attempt = 0; attempt < 3; attempt += 1) ids.push((await run(bench, token)).item.id);
      expect(new Set(ids).size).to.equal(1);
      expect((await run(bench, 'op-2')).item.id).to.not.equal(ids[0]);
      expect(made(bench, what)).to.equal(2);
    });
  });
}

describe('the ledger of the simulated cloud', () => {
  it('convicts a client that does not look first', async () => {
    await using bench = await createBench();
    const body = { volume: { name: 'data', size: 1, metadata: { troupe_token: 'op-1' } } };
    for (let attempt = 0; attempt < 2; attempt += 1) await bench.call('POST', '/volume/v3/{project}/volumes', { body });
    expect(bench.cloud.control.summary().duplicates).to.have.length(1);
  });
});
