// Needs the server of TEST_POSTGRES_URL.
import { jetstreamManager } from '@nats-io/jetstream';
import { createRelayService } from '@troupe/app-relay';
import { accountsConfig, applyTopology, connectNats, rightsOf, topologyDefaults } from '@troupe/jetstream';
import { createPool, migrate } from '@troupe/postgres';
import { createSubjects } from '@troupe/protocol';
import { createSchema, needsNats, startNatsServer, until } from '@troupe/test-infra';
import { expect } from 'chai';

const subjects = createSubjects();

describe('a relay with the rights of a producer, and of nobody who owns tables', () => {
  before(needsNats);

  it('publishes what lies in the outbox', async () => {
    const producer = rightsOf('producer', { subjects, user: 'relay' });
    const admin = rightsOf('admin', { subjects });
    const users = [producer, admin].map((rights) => ({ rights, password: '"secret"' }));
    await using server = await startNatsServer({ config: accountsConfig(users, subjects) });
    const as = ({ user, inboxPrefix }: typeof admin) => ({ servers: server.url, user, pass: 'secret', inboxPrefix });
    const nc = await connectNats(as(admin));
    await applyTopology(nc, { ...topologyDefaults, subjects, storage: 'memory', maxLogBytes: 1_048_576 });

    await using schema = await createSchema();
    const pool = createPool({ connectionString: schema.url });
    await migrate(pool, { schema: schema.name });
    await pool.end();
    const role = `relay_${schema.name}`;
    await schema.query(`CREATE ROLE ${role} LOGIN; GRANT USAGE ON SCHEMA ${schema.name} TO ${role};
      GRANT SELECT, UPDATE, DELETE ON troupe_outbox TO ${role}; GRANT SELECT ON troupe_outbox_key, troupe_migration TO ${role}`);
    const url = new URL(schema.url);
    url.username = role;
    const relay = createRelayService({ database: { connectionString: url.href }, schema: schema.name, connection: as(producer) });
    try {
      await relay.start();
      await schema.query('SELECT troupe_enqueue(\'volume.create\', \'{"kind": "volume", "id": "v"}\')');
      await until('an empty outbox', async () => (await schema.query('SELECT 1 FROM troupe_outbox')).length === 0);
      const { state } = await (await jetstreamManager(nc, { checkAPI: false })).streams.info(subjects.streams.commands);
      expect(state.messages).to.equal(1);
    } finally {
      await relay.stop();
      await nc.close();
      await schema.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
    }
  }).timeout(20_000);
});
