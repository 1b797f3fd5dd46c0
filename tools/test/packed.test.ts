/**
 * What a user gets: the apps installed from their packed files, each a process with a NATS user of its own that may do what
 * `troupe permissions` says and nothing else, and an instance created by a command that the producer publishes.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { guardProcess, needsNats, startNatsServer, type TestNatsServer, until } from '@troupe/test-infra';
import { expect } from 'chai';
import { packAll } from './packed/install.ts';
import { type Env, isAlive, runProgram, type Running, startProgram } from './packed/processes.ts';

const POOL = 'openstack';
const LIMIT = 2;
const provider = 'cloud-1';
const ref = (kind: string, id: string) => ({ kind, id });
const scheduled = { state: 'CREATION_SCHEDULED' };
const rows = [
  { ref: ref('volume', 'vm-vol-1'), ...scheduled, data: { provider, name: 'vm-vol-1', sizeGb: 1, image: 'cirros' } },
  { ref: ref('volume', 'vm-vol-2'), ...scheduled, data: { provider, name: 'vm-vol-2', sizeGb: 1 } },
  { ref: ref('floatingIp', 'vm-ip'), ...scheduled, data: { provider, name: 'vm-ip' } },
  { ref: ref('tenant', 't-1'), state: 'OK', data: { provider, name: 't-1' } },
  {
    ref: ref('instance', 'vm'),
    ...scheduled,
    data: { provider, name: 'vm', flavor: '1', volumes: ['vm-vol-1', 'vm-vol-2'], floatingIps: ['vm-ip'], tenant: 't-1' },
  },
];
/** The actor app of the installation: that of the package, at the pace of a test. */
const actorApp = `import { openstackApp } from '@troupe/openstack';
const pace = { every: '100ms', volumeDelay: '0s', serverDelay: '0s', floatingIpDelay: '0s' };
export const app = openstackApp({ pace, limits: { default: ${LIMIT} } });
`;

interface Row {
  readonly kind: string;
  readonly state: string;
  readonly runtimeState: string;
  readonly currentOperation: string | null;
}

/** A server whose users come from the packed command line; passwords are in its environment, as the configuration says. */
async function startServer(cli: string): Promise<{ server: TestNatsServer; as: (user: string) => Env; violations: () => string[] }> {
  const config = await runProgram(cli, 'troupe', ['permissions', '--pools', POOL], {});
  const users = [...config.matchAll(/^# \S+: user (\S+), inbox prefix (\S+), password \$(\S+)$/gm)].map(([, user, inbox, variable]) => {
    process.env[variable!] = `secret-of-${user}`;
    return { user: user!, inbox: inbox!, variable: variable! };
  });
  const server = await startNatsServer({ config });
  for (const { variable } of users) delete process.env[variable];
  return {
    server,
    as(name) {
      const { user, inbox } = users.find((one) => one.user === name)!;
      return { TROUPE_SERVERS: server.url, TROUPE_USER: user, TROUPE_PASSWORD: `secret-of-${user}`, TROUPE_INBOX_PREFIX: inbox };
    },
    violations: () =>
      readFileSync(server.logFile, 'utf8')
        .split('\n')
        .filter((line) => /violation|\[ERR\]/i.test(line)),
  };
}

async function install(folder: string) {
  const packed = await packAll(folder);
  const folders = {
    cli: await packed.install('cli', ['@troupe/cli']),
    cloud: await packed.install('cloud', ['@troupe/openstack']),
    throttle: await packed.install('throttle', ['@troupe/app-throttle', '@troupe/openstack']),
    supervisor: await packed.install('supervisor', ['@troupe/app-supervisor', '@troupe/openstack']),
    scheduler: await packed.install('scheduler', ['@troupe/app-scheduler', '@troupe/openstack']),
    worker: await packed.install('worker', ['@troupe/app-worker', '@troupe/openstack']),
  };
  for (const role of ['throttle', 'supervisor', 'scheduler', 'worker'] as const) writeFileSync(join(folders[role], 'app.js'), actorApp);
  return folders;
}

describe('the packed apps', () => {
  before(needsNats);

  it('each installed alone, run F6 to its end as users with the rights of their roles, and are never refused', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'troupe-packed-'));
    const keep = guardProcess(undefined, [folder]);
    const processes: Running[] = [];
    const start = (...args: Parameters<typeof startProgram>): Running => {
      const running = startProgram(...args);
      processes.push(running);
      return running;
    };
    const folders = await install(folder);
    const { server, as, violations } = await startServer(folders.cli);
    try {
      expect(await runProgram(folders.cli, 'troupe', ['topology', 'apply', '--pools', POOL], as('admin'))).to.contain(
        'created stream troupe_COMMANDS',
      );

      const limits = ['--instance-limit', String(LIMIT), '--volume-limit', String(LIMIT)];
      const cloud = start(folders.cloud, 'troupe-cloud', ['--seed', '7', '--time-factor', '0.1', ...limits], {});
      const [, cloudUrl] = await cloud.says(/Simulated cloud on (\S+)/);
      const openstack = Object.fromEntries([...cloud.output().matchAll(/^export (\w+)=(.*)$/gm)].map(([, name, value]) => [name!, value!]));

      const app = ['--app', './app.js'];
      const roles = [
        start(folders.throttle, 'troupe-throttle', app, as('throttle')),
        start(folders.supervisor, 'troupe-supervisor', app, as('supervisor')),
        start(folders.scheduler, 'troupe-scheduler', app, as('scheduler')),
        start(folders.worker, 'troupe-worker', [...app, '--pools', POOL], { ...as(`worker-${POOL}`), ...openstack }),
      ];
      for (const role of roles) await role.says(/serves as/);

      for (const { ref: row, state, data } of rows) {
        const register = ['resource', 'register', `${row.kind}/${row.id}`, '--data', JSON.stringify(data), '--state', state];
        expect(await runProgram(folders.cli, 'troupe', register, as('registrar'))).to.match(/^registered /);
      }

      const order = ['execute', 'openstack.instance.create', '--resource', 'instance/vm', '--id', 'o-1', '--wait', '--send-only'];
      expect(await runProgram(folders.cli, 'troupe', order, as('producer'))).to.equal('accepted o-1\nsucceeded o-1\n');

      const shown = await runProgram(folders.cli, 'troupe', ['resources', '--json'], as('reader'));
      const found = shown
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Row);
      expect(
        found.map(({ kind, state, runtimeState, currentOperation }) => [kind, state, runtimeState, currentOperation]),
      ).to.have.deep.members([
        ['volume', 'OK', 'in-use', null],
        ['volume', 'OK', 'in-use', null],
        ['floatingIp', 'OK', 'ACTIVE', null],
        ['tenant', 'OK', '', null],
        ['instance', 'OK', 'ACTIVE', null],
      ]);
      const { objects, duplicates, refusals } = (await (await fetch(`${cloudUrl}/admin`)).json()) as Record<string, unknown>;
      expect({ objects, duplicates, refusals }).to.deep.equal({
        objects: {
          volume: { total: 2, byStatus: { 'in-use': 2 } },
          server: { total: 1, byStatus: { ACTIVE: 1 } },
          port: { total: 1, byStatus: { ACTIVE: 1 } },
          floatingip: { total: 1, byStatus: { ACTIVE: 1 } },
          snapshot: { total: 0, byStatus: {} },
        },
        duplicates: [],
        refusals: { instance: 0, volume: 0 },
      });
      const listed = await runProgram(folders.cli, 'troupe', ['operations', '--json'], as('reader'));
      expect(JSON.parse(listed.split('\n')[0]!)).to.include({ id: 'o-1', outcome: 'succeeded', class: 'heavy' });

      const schedule = (...args: string[]): Promise<string> => runProgram(folders.cli, 'troupe', ['schedule', ...args], as('operator'));
      const pull = ['--execute', 'openstack.instance.pull', '--resource', 'instance/vm'];
      expect(await schedule('define', 'pulls', '--cron', '0 3 * * *', '--zone', 'Europe/Berlin', ...pull)).to.match(
        /^defined pulls: next at /,
      );
      await schedule('run', 'pulls');
      await until('the pull that its schedule ordered has ended', async () =>
        / ran +succeeded +schedule\.pulls\.now-/.test(await schedule('show', 'pulls')),
      );

      for (const running of processes.toReversed()) expect(await running.stop(), running.output()).to.equal(0);
      for (const role of roles) expect(role.output()).to.match(/ stopped\n$/);
      expect(processes.filter(({ pid }) => isAlive(-pid))).to.deep.equal([]);
      await until('nobody is connected any more', async () => {
        const { num_connections: count } = (await (await fetch(`${server.monitorUrl}/connz`)).json()) as { num_connections: number };
        return count === 0;
      });
      expect(violations()).to.deep.equal([]);

      // and to see that a violation would be seen
      const cancel = startProgram(folders.cli, 'troupe', ['cancel', 'o-1'], as('producer'));
      expect(await cancel.ended).to.equal(5);
      expect(cancel.output()).to.contain('not_permitted');
      expect(violations().join('\n')).to.match(/Publish Violation - .*troupe\.(mail|state)/i);
    } finally {
      for (const running of processes.toReversed()) await running.stop();
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
      keep();
    }
  }).timeout(400_000);
});
