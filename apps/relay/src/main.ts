/** Flags and environment in, a relay until a signal comes, an exit code out: 0 stopped, 1 failed, 2 wrong usage. */
import { parseArgs } from 'node:util';
import type { ConnectOptions } from '@troupe/jetstream';
import type { RelayEvent } from '@troupe/postgres';
import { isTroupeError } from '@troupe/protocol';
import { createRelayService, type RelayServiceOptions } from './relay-service.ts';

const flags = {
  database: { type: 'string' },
  schema: { type: 'string' },
  servers: { type: 'string' },
  ns: { type: 'string' },
  user: { type: 'string' },
  creds: { type: 'string' },
  'inbox-prefix': { type: 'string' },
  migrate: { type: 'boolean' },
  help: { type: 'boolean' },
} as const;

const HELP = `troupe-relay [--database URL] [--schema NAME] [--servers URLS] [--ns NAME] [--user NAME] [--creds FILE] [--inbox-prefix PREFIX] [--migrate]
Environment: TROUPE_DATABASE (or PGHOST, PGUSER, PGPASSWORD …), TROUPE_SCHEMA, TROUPE_SERVERS, TROUPE_NS, TROUPE_USER, TROUPE_PASSWORD,
TROUPE_TOKEN, TROUPE_CREDS, TROUPE_INBOX_PREFIX`;

type Values = { readonly [K in keyof typeof flags]?: string | boolean | undefined };

export async function main(args: readonly string[] = process.argv.slice(2), env: NodeJS.ProcessEnv = process.env): Promise<void> {
  try {
    const { values } = parseArgs({ args: [...args], options: flags, strict: true });
    if (values.help === true) {
      console.log(HELP);
      return;
    }
    const signalled = new Promise<void>((done) => {
      for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => done());
    });
    const relay = createRelayService({ ...optionsOf(values, env), onEvent: report });
    await relay.start();
    console.log('relay serves');
    await signalled;
    await relay.stop('signal');
    console.log('relay stopped');
  } catch (error) {
    console.error(isTroupeError(error) ? `${error.code}: ${error.message}` : error);
    process.exitCode = String((error as { code?: unknown }).code).startsWith('ERR_PARSE_ARGS') ? 2 : 1;
  }
}

function optionsOf(values: Values, env: NodeJS.ProcessEnv): RelayServiceOptions {
  const text = (flag: keyof typeof flags): string | undefined =>
    (values[flag] as string | undefined) ?? (env[`TROUPE_${flag.toUpperCase().replaceAll('-', '_')}`] || undefined);
  const [url, schema, servers, ns, user] = [text('database'), text('schema'), text('servers'), text('ns'), text('user')];
  const [creds, inboxPrefix] = [text('creds'), text('inbox-prefix')];
  const connection: ConnectOptions = {
    name: 'troupe relay',
    ...(servers === undefined ? {} : { servers: servers.split(',') }),
    ...(user === undefined ? {} : { user }),
    ...(env['TROUPE_PASSWORD'] === undefined ? {} : { pass: env['TROUPE_PASSWORD'] }),
    ...(env['TROUPE_TOKEN'] === undefined ? {} : { token: env['TROUPE_TOKEN'] }),
    ...(creds === undefined ? {} : { credentialsFile: creds }),
    ...(inboxPrefix === undefined ? {} : { inboxPrefix }),
  };
  return {
    database: url === undefined ? {} : { connectionString: url },
    connection,
    migrate: values.migrate === true,
    ...(schema === undefined ? {} : { schema }),
    ...(ns === undefined ? {} : { ns }),
  };
}

/** Every publish is in COMMANDS and in the operation; here is what an operator must see. */
function report(event: RelayEvent): void {
  if (event.type !== 'published') console.log(JSON.stringify(event));
}
