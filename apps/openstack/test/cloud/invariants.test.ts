import { expect } from 'chai';
import fc from 'fast-check';
import { isBackendError } from '@troupe/openstack';
import { createBench } from '../support/bench.ts';
import type { Bench } from '../support/bench.ts';
import type { Fields } from '../support/http.ts';

/** What users, operators and time do to a cloud. Numbers choose among what is there at the moment. */
const action = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('createVolume'), n: fc.nat(9) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('createServer'), n: fc.nat(9) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('wait'), n: fc.nat(4000) }) },
  ...[
    'deleteVolume',
    'deleteServer',
    'attach',
    'detach',
    'stop',
    'start',
    'reboot',
    'createPort',
    'deletePort',
    'createIp',
    'vanishVolume',
    'vanishServer',
    'breakVolume',
    'breakServer',
  ].map((name) => ({ weight: 1, arbitrary: fc.record({ do: fc.constant(name), n: fc.nat(9) }) })),
);

type Action = { readonly do: string; readonly n: number };

const limits = { instance: 2, volume: 3 };

async function listing(bench: Bench) {
  const read = async (path: string, key: string): Promise<readonly Fields[]> => [...(await bench.call('GET', path)).body[key]!];
  return {
    volumes: await read('/volume/v3/{project}/volumes/detail', 'volumes'),
    servers: await read('/compute/v2.1/servers/detail', 'servers'),
    ports: await read('/networking/v2.0/ports', 'ports'),
    ips: await read('/networking/v2.0/floatingips', 'floatingips'),
  };
}

async function perform(bench: Bench, step: Action, index: number): Promise<void> {
  const { backend, clock, cloud, ids } = bench;
  const { volumes, servers, ports } = await listing(bench);
  const pick = (items: readonly Fields[]): string => (items.length === 0 ? 'none' : String(items[step.n % items.length]!['id']));
  const [volume, server, port] = [pick(volumes), pick(servers), pick(ports)];
  const token = `step-${index}`;
  const exists = (kind: 'volume' | 'server', id: string): void => {
    if (id !== 'none' && step.do.startsWith('vanish')) cloud.control.vanish(kind, id);
    else if (id !== 'none') cloud.control.setStatus(kind, id, kind === 'volume' ? 'error' : 'ERROR');
  };
  const actions: Readonly<Record<string, () => Promise<unknown> | void>> = {
    wait: () => clock.advance(step.n),
    createVolume: () => backend.createVolume({ token, name: `v${step.n}`, sizeGb: 4, imageId: step.n % 2 === 0 ? ids.image : undefined }),
    createServer: () =>
      backend.createServer({
        token,
        name: `s${step.n}`,
        flavorId: '1',
        ...(step.n % 2 === 0 ? { bootVolumeId: volume } : { imageId: ids.image }),
      }),
    deleteVolume: () => backend.deleteVolume(volume),
    deleteServer: () => backend.deleteServer(server),
    attach: () => backend.attachVolume(server, volume),
    detach: () => backend.detachVolume(server, volume),
    stop: () => backend.stopServer(server),
    start: () => backend.startServer(server),
    reboot: () => backend.rebootServer(server, step.n % 2 === 0 ? 'SOFT' : 'HARD'),
    createPort: () => backend.createPort({ token, networkId: ids.privateNetwork }),
    deletePort: () => backend.deletePort(port),
    createIp: () => backend.createFloatingIp({ token, networkId: ids.publicNetwork, portId: ports.length === 0 ? undefined : port }),
    vanishVolume: () => exists('volume', volume),
    breakVolume: () => exists('volume', volume),
    vanishServer: () => exists('server', server),
    breakServer: () => exists('server', server),
  };
  try {
    await actions[step.do]!();
  } catch (error) {
    // Refusals are part of the game; anything else is a defect.
    if (!isBackendError(error, 'bad_request', 'not_found', 'conflict', 'forbidden', 'over_limit')) throw error;
  }
}

async function check(bench: Bench): Promise<void> {
  const { volumes, servers, ports, ips } = await listing(bench);
  const { running, peak, duplicates } = bench.cloud.control.summary();
  const serverIds = new Set(servers.map(({ id }) => String(id)));
  const portIds = new Set(ports.map(({ id }) => String(id)));
  for (const kind of ['instance', 'volume'] as const) expect(peak[kind], `peak of ${kind}`).to.be.at.most(limits[kind]);
  expect(running.volume, 'volumes being created').to.equal(
    volumes.filter(({ status }) => ['creating', 'downloading'].includes(String(status))).length,
  );
  const building = servers.filter(
    (server) => String(server['status']) === 'BUILD' && String(server['OS-EXT-STS:task_state']) !== 'deleting',
  );
  expect(running.instance, 'servers being built').to.equal(building.length);
  expect(duplicates).to.deep.equal([]);
  const absolute = (await bench.call('GET', '/volume/v3/{project}/limits')).body['limits']!['absolute']!;
  const gigabytes = volumes.reduce((sum, volume) => sum + Number(volume['size']), 0);
  expect(absolute).to.include({ totalVolumesUsed: volumes.length, totalGigabytesUsed: gigabytes });
  for (const volume of volumes) {
    for (const attachment of volume['attachments']!)
      expect(serverIds.has(String(attachment['server_id'])), 'attached to a server that is there').to.equal(true);
    if (String(volume['status']) === 'in-use') expect([...volume['attachments']!]).to.have.length(1);
    if (String(volume['status']) === 'available') expect([...volume['attachments']!]).to.have.length(0);
  }
  for (const port of ports) {
    const device = String(port['device_id']);
    expect(device === '' || serverIds.has(device), 'the device of a port is there').to.equal(true);
  }
  for (const ip of ips)
    expect(ip['port_id'] === null || portIds.has(String(ip['port_id'])), 'the port of a floating IP is there').to.equal(true);
  const addresses = ports.map((port) => port['fixed_ips']![0]!['ip_address']);
  expect(new Set(addresses).size, 'addresses are given once').to.equal(addresses.length);
}

describe('the simulated cloud, whatever is done to it', () => {
  it('keeps its books right and its limits', async function () {
    this.timeout(60_000);
    await fc.assert(
      fc.asyncProperty(fc.array(action, { minLength: 5, maxLength: 25 }), async (actions) => {
        await using bench = await createBench({ buildLimits: limits, jitter: 0.3 });
        for (const [index, step] of actions.entries()) {
          await perform(bench, step, index);
          await check(bench);
        }
        bench.clock.advance(600_000);
        await check(bench);
        expect(bench.cloud.control.summary().running).to.deep.equal({ instance: 0, volume: 0 });
      }),
      { numRuns: 40 },
    );
  });
});
