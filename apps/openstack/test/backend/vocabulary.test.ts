import { expect } from 'chai';
import {
  floatingIpStates,
  isFloatingIpState,
  isVolumeState,
  vmStateByNovaStatus,
  vmStateOf,
  vmStates,
  volumeStates,
} from '@troupe/openstack';
import { createBench } from '../support/bench.ts';
import { longMs, readyVolume, runningServer } from '../support/objects.ts';

/** All words that Nova's API documents for the status of a server. */
const novaStatuses = [
  'ACTIVE',
  'BUILD',
  'DELETED',
  'ERROR',
  'HARD_REBOOT',
  'MIGRATING',
  'PASSWORD',
  'PAUSED',
  'REBOOT',
  'REBUILD',
  'RESCUE',
  'RESIZE',
  'REVERT_RESIZE',
  'SHELVED',
  'SHELVED_OFFLOADED',
  'SHUTOFF',
  'SOFT_DELETED',
  'SUSPENDED',
  'UNKNOWN',
  'VERIFY_RESIZE',
];

describe('the vocabularies', () => {
  it('have every word once', () => {
    for (const words of [vmStates, volumeStates, floatingIpStates]) expect(new Set<string>(words).size).to.equal(words.length);
  });

  it('have a state for every status of Nova', () => {
    const unknown = novaStatuses.filter((status) => vmStateOf(status) === 'UNKNOWN');
    expect(unknown, 'only a move between hosts says nothing about the server').to.deep.equal(['MIGRATING', 'UNKNOWN']);
    expect(vmStateOf('BUILD')).to.equal('BUILDING');
    expect(vmStateOf('RESCUE')).to.equal('RESCUED');
  });

  it('do not take a status for something that JavaScript knows', () => {
    for (const word of ['constructor', 'toString', '', 'active', 'MEDITATING']) expect(vmStateOf(word)).to.equal('UNKNOWN');
  });

  it('map only to words of their own', () => {
    for (const state of Object.values(vmStateByNovaStatus)) expect(vmStates).to.include(state);
  });

  it('tell known words from unknown ones', () => {
    expect(['available', 'error_deleting', 'deleted'].every(isVolumeState)).to.equal(true);
    expect(['AVAILABLE', 'ERRED', 'meditating', ''].some(isVolumeState)).to.equal(false);
    expect(isFloatingIpState('ACTIVE') && !isFloatingIpState('active')).to.equal(true);
  });

  it('have every word that the simulated cloud says by itself', async () => {
    await using bench = await createBench();
    const { backend, clock, cloud } = bench;
    const seen = { volume: new Set<string>(), server: new Set<string>(), floatingip: new Set<string>() };
    const look = (): void => {
      const { objects } = cloud.control.summary();
      for (const kind of ['volume', 'server', 'floatingip'] as const)
        Object.keys(objects[kind].byStatus).forEach((word) => seen[kind].add(word));
    };
    const lookOn = (): void => {
      for (let step = 0; step < 200; step += 1) {
        look();
        clock.advance(longMs / 200);
      }
    };
    const data = await readyVolume(bench, 'data');
    await backend.createVolume({ token: 'i', name: 'i', sizeGb: 4, imageId: bench.ids.image });
    lookOn();
    const server = await runningServer(bench, 'vm');
    const [port] = await backend.listPorts({ deviceId: server.id });
    await backend.createFloatingIp({ token: 'ip', networkId: bench.ids.publicNetwork, portId: port!.id });
    const steps = [
      () => backend.attachVolume(server.id, data.id),
      () => backend.detachVolume(server.id, data.id),
      () => backend.rebootServer(server.id, 'SOFT'),
      () => backend.rebootServer(server.id, 'HARD'),
      () => backend.stopServer(server.id),
      () => backend.deleteServer(server.id),
      () => backend.deleteVolume(data.id),
    ];
    for (const step of steps) {
      await step();
      lookOn();
    }
    expect([...seen.volume].filter((word) => !isVolumeState(word))).to.deep.equal([]);
    expect([...seen.server].filter((word) => vmStateOf(word) === 'UNKNOWN')).to.deep.equal([]);
    expect([...seen.floatingip].filter((word) => !isFloatingIpState(word))).to.deep.equal([]);
    expect([...seen.volume], 'the walk was worth it').to.include.members(['attaching', 'available', 'deleting', 'detaching', 'in-use']);
  });
});
