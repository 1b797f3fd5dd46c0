// Needs the servers of TEST_NATS_URL and TEST_POSTGRES_URL.
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { createRelayService } from '@troupe/app-relay';
import { createClient } from '@troupe/client';
import { connectRuntime, startSupervisor, startWorker } from '@troupe/runtime';
import { createSchema, until } from '@troupe/test-infra';
import { app } from './plain-sql/app.ts';

const text = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');
const program = ['service.sql', 'order.sql', 'app.ts'] as const;

describe('the recipe for plain SQL', () => {
  it('shows the program that is tested here, word for word', () => {
    const page = text('../../../docs/recipes/plain-sql.md');
    for (const name of program) expect(page.includes(text(`plain-sql/${name}`)), name).to.equal(true);
  });

  it('leads from one transaction of a service to a volume that is OK, in its own table', async () => {
    const servers = process.env['TEST_NATS_URL']!;
    const ns = `recipe-${process.pid}`;
    await using schema = await createSchema();
    Object.assign(process.env, { TROUPE_DATABASE: schema.url, TROUPE_SCHEMA: schema.name });
    const shop = `shop_${schema.name}`;
    const relay = createRelayService({
      database: { connectionString: schema.url },
      schema: schema.name,
      connection: { servers },
      ns,
      migrate: true,
    });
    await schema.query(`CREATE ROLE ${shop} LOGIN; GRANT USAGE ON SCHEMA ${schema.name} TO ${shop}`);
    const runtime = await connectRuntime({
      connection: { servers },
      ns,
      applyTopology: true,
      storage: 'memory',
      maxLogBytes: 1_048_576,
      partitions: 2,
    });
    const roles = [await startSupervisor(runtime, app), await startWorker(runtime, app)];
    const client = createClient({ servers }, { ns });
    try {
      await relay.start();
      await schema.query(text('plain-sql/service.sql').replaceAll('TO shop', `TO ${shop}`));
      await schema.query(`SET ROLE ${shop}; ${text('plain-sql/order.sql')}`);
      const volume = async () => (await schema.query("SELECT * FROM volume WHERE id = 'v-1'"))[0]!;
      await until('the volume is OK', async () => (await volume())['state'] === 3, 10_000);
      expect(await volume()).to.include({ size: 4, error_message: '' });
      expect((await volume())['backend_id']).to.match(/^made-by-/);
      expect(await client.operations()).to.have.length(1);
    } finally {
      await client.stop();
      await relay.stop();
      for (const role of roles.toReversed()) await role.stop();
      await runtime.stop();
      await schema.query(`DROP OWNED BY ${shop}; DROP ROLE ${shop}`);
    }
  }).timeout(30_000);
});
