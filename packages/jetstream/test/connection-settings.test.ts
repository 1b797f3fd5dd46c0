import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  connectionFlags,
  connectionSettings,
  connectionUsage,
  connectionValues,
  connectionVariables,
  connectOptions,
} from '@troupe/jetstream';
import { expect } from 'chai';
import { failure } from './support/stream.ts';

describe('the settings of a connection', () => {
  const withFlag = Object.entries(connectionSettings).filter(([, { flag }]) => flag !== '');

  it('are the same flags and variables for every program', () => {
    const args = withFlag.flatMap(([name, { flag }]) => [`--${flag}`, `${name} by flag`]);
    const { values } = parseArgs({ args, options: connectionFlags, strict: true });
    expect(connectionValues(values, {})).to.deep.equal(Object.fromEntries(withFlag.map(([name]) => [name, `${name} by flag`])));
    for (const [, { flag, env }] of withFlag) {
      expect(connectionUsage).to.contain(`[--${flag} `);
      expect(connectionVariables).to.contain(env);
    }
  });

  it('never take a secret by a flag, which others on the machine can see', () => {
    for (const name of ['password', 'token'] as const) expect(connectionSettings[name].flag, name).to.equal('');
    expect(connectionValues({}, { TROUPE_PASSWORD: 'p', TROUPE_TOKEN: 't' })).to.deep.equal({
      password: 'p',
      token: 't',
    });
  });

  it('come from flags before the environment; an empty variable is none', () => {
    const env = { TROUPE_SERVERS: 'nats://env', TROUPE_NS: 'env', TROUPE_USER: '' };
    expect(connectionValues({ servers: 'nats://flag' }, env)).to.deep.equal({ servers: 'nats://flag', ns: 'env' });
  });

  it('become options, with every server, the files of TLS by name and the seed of an nkey from its file', () => {
    const dir = mkdtempSync(join(tmpdir(), 'troupe-settings-'));
    try {
      const nkey = join(dir, 'seed');
      writeFileSync(nkey, 'SUSEED\n');
      expect(
        connectOptions({ servers: 'nats://a, nats://b', nkey, tlsCa: 'ca', tlsCert: 'cert', tlsKey: 'key', inboxPrefix: '_I' }, 'me'),
      ).to.deep.equal({
        name: 'me',
        servers: ['nats://a', 'nats://b'],
        nkeySeed: 'SUSEED',
        tls: { caFile: 'ca', certFile: 'cert', keyFile: 'key' },
        inboxPrefix: '_I',
      });
    } finally {
      rmSync(dir, { recursive: true });
    }
  });

  it('name the field whose file cannot be read', async () => {
    const error = await failure(Promise.resolve().then(() => connectOptions({ nkey: '/no/such/file' }, 'me')));
    expect(error).to.include({ code: 'invalid_options', field: 'nkey' });
  });
});
