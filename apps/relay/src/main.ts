/** Flags and environment in, a relay until a signal comes, an exit code out: 0 stopped, 1 failed, 2 wrong usage. */
import { parseArgs } from 'node:util';
import { connectionFlags, connectionUsage, connectionValues, connectionVariables, connectOptions } from '@troupe/jetstream';
import type { RelayEvent } from '@troupe/postgres';
import { isTroupeError } from '@troupe/protocol';
import { createRelayService, type RelayServiceOptions } from './relay-service.ts';

const flags = {
  ...connectionFlags,
  database: { type: 'string' },
  schema: { type: 'string' },
  migrate: { type: 'boolean' },
  help: { type: 'boolean' },
} as const;

const HELP = `troupe-relay [--database URL] [--schema NAME] [--migrate] ${connectionUsage}
Environment: TROUPE_DATABASE (or PGHOST, PGUSER, PGPASSWORD …), TROUPE_SCHEMA, ${connectionVariables}`;

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

function optionsOf(flagged: { readonly [K in keyof typeof flags]?: unknown }, env: NodeJS.ProcessEnv): RelayServiceOptions {
  const text = (value: unknown, name: string): string | undefined => (value as string | undefined) ?? (env[name] || undefined);
  const [url, schema] = [text(flagged['database'], 'TROUPE_DATABASE'), text(flagged['schema'], 'TROUPE_SCHEMA')];
  const values = connectionValues(flagged, env);
  return {
    database: url === undefined ? {} : { connectionString: url },
    connection: connectOptions(values, 'troupe relay'),
    migrate: flagged['migrate'] === true,
    ...(schema === undefined ? {} : { schema }),
    ...(values.ns === undefined ? {} : { ns: values.ns }),
  };
}

/** Every publish is in COMMANDS and in the operation; here is what an operator must see. */
function report(event: RelayEvent): void {
  if (event.type !== 'published') console.log(JSON.stringify(event));
}
