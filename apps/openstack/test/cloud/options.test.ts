import { expect } from 'chai';
import { InvalidCloudOptionError, parseCloudFlags, startCloud } from '@troupe/openstack/internal';
import type { CloudOptions } from '@troupe/openstack/internal';

async function refusal(options: CloudOptions): Promise<string> {
  try {
    await (await startCloud(options)).stop();
  } catch (error) {
    if (error instanceof InvalidCloudOptionError) return error.data.option;
  }
  return 'accepted';
}

describe('options of the simulated cloud', () => {
  it('that make no sense are refused by name', async () => {
    expect(await refusal({ port: 70_000 })).to.equal('port');
    expect(await refusal({ seed: 1.5 })).to.equal('seed');
    expect(await refusal({ timeFactor: 0 })).to.equal('timeFactor');
    expect(await refusal({ jitter: 1 })).to.equal('jitter');
    expect(await refusal({ latencies: { volumeCreate: -1 } })).to.equal('latencies.volumeCreate');
    expect(await refusal({ buildLimits: { instance: 1.5 } })).to.equal('buildLimits.instance');
    expect(await refusal({ users: [] })).to.equal('users');
    expect(await refusal({ users: [{ name: 'a', password: 'b', projects: [] }] })).to.equal('users.a');
    expect(await refusal({ tokenTtlMs: 0 })).to.equal('tokenTtlMs');
    expect(await refusal({ logCapacity: 0 })).to.equal('logCapacity');
    expect(await refusal({})).to.equal('accepted');
  });

  it('are read from flags', () => {
    const { help, options } = parseCloudFlags([
      '--port=8774',
      '--seed=7',
      '--time-factor=0.02',
      '--instance-limit=4',
      '--volume-limit=5',
      '--latency=call=20',
      '--latency=serverCreate=70000',
    ]);
    expect(help).to.equal(false);
    expect(options).to.deep.include({ port: 8774, seed: 7, timeFactor: 0.02, buildLimits: { instance: 4, volume: 5 } });
    expect(options.latencies).to.deep.equal({ call: 20, serverCreate: 70_000 });
    expect(parseCloudFlags(['-h']).help).to.equal(true);
  });

  it('from wrong flags are refused', () => {
    expect(() => parseCloudFlags(['--port', 'many'])).to.throw(InvalidCloudOptionError, `port: must be a number, not 'many'`);
    expect(() => parseCloudFlags(['--latency', 'lunch=20'])).to.throw(InvalidCloudOptionError, /lunch is none of/);
    expect(() => parseCloudFlags(['--colour', 'red'])).to.throw(TypeError);
  });
});
