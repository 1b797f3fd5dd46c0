/** How every command connects: by flags, else by the environment. */
import { readFileSync } from 'node:fs';
import { type Client, createClient } from '@troupe/client';
import type { ConnectOptions } from '@troupe/jetstream';
import { type Duration, TroupeError } from '@troupe/protocol';
import type { Command } from 'commander';
import type { Io } from './io.ts';

interface Setting {
  readonly flag: string;
  readonly env: string;
  readonly text: string;
}

/** A password has no flag: whoever may list processes could read it. */
export const connectionSettings = {
  servers: {
    flag: '--servers <urls>',
    env: 'TROUPE_SERVERS',
    text: 'URLs of nats-servers, with commas between (default nats://127.0.0.1:4222)',
  },
  ns: { flag: '--ns <name>', env: 'TROUPE_NS', text: 'namespace of the installation (default troupe)' },
  user: { flag: '--user <name>', env: 'TROUPE_USER', text: 'NATS user' },
  password: { flag: '', env: 'TROUPE_PASSWORD', text: 'its password' },
  token: { flag: '', env: 'TROUPE_TOKEN', text: 'a token instead of user and password' },
  creds: { flag: '--creds <file>', env: 'TROUPE_CREDS', text: 'credentials file (JWT and seed)' },
  nkey: { flag: '--nkey <file>', env: 'TROUPE_NKEY', text: 'file with the seed of an nkey' },
  inboxPrefix: { flag: '--inbox-prefix <prefix>', env: 'TROUPE_INBOX_PREFIX', text: 'inbox prefix that this user may subscribe to' },
  tlsCa: { flag: '--tls-ca <file>', env: 'TROUPE_TLS_CA', text: 'certificate of the authority that signed the server' },
  tlsCert: { flag: '--tls-cert <file>', env: 'TROUPE_TLS_CERT', text: 'own certificate' },
  tlsKey: { flag: '--tls-key <file>', env: 'TROUPE_TLS_KEY', text: 'own key' },
  timeout: { flag: '--timeout <duration>', env: 'TROUPE_TIMEOUT', text: 'how long to wait for an answer (default 10s)' },
} as const satisfies Readonly<Record<string, Setting>>;

export type ConnectionValues = { readonly [K in keyof typeof connectionSettings]?: string };

export function addConnectionOptions(command: Command): Command {
  for (const { flag, env, text } of Object.values(connectionSettings)) if (flag !== '') command.option(flag, `${text} [${env}]`);
  return command;
}

/** Flags before the environment; an empty variable counts as absent. */
export function connectionValues(flags: ConnectionValues, io: Io): ConnectionValues {
  const out: { -readonly [K in keyof ConnectionValues]: string } = {};
  for (const [name, { env }] of Object.entries(connectionSettings) as [keyof ConnectionValues, Setting][]) {
    const value = flags[name] ?? io.env[env];
    if (value !== undefined && value !== '') out[name] = value;
  }
  return out;
}

export function connectOptions(values: ConnectionValues): ConnectOptions {
  const { servers, user, password, token, creds, nkey, inboxPrefix, tlsCa, tlsCert, tlsKey } = values;
  const tls = {
    ...(tlsCa === undefined ? {} : { caFile: tlsCa }),
    ...(tlsCert === undefined ? {} : { certFile: tlsCert }),
    ...(tlsKey === undefined ? {} : { keyFile: tlsKey }),
  };
  return {
    name: 'troupe command line',
    ...(servers === undefined ? {} : { servers: servers.split(',').map((url) => url.trim()) }),
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { pass: password }),
    ...(token === undefined ? {} : { token }),
    ...(creds === undefined ? {} : { credentialsFile: creds }),
    ...(nkey === undefined ? {} : { nkeySeed: readText(nkey, 'nkey').trim() }),
    ...(inboxPrefix === undefined ? {} : { inboxPrefix }),
    ...(Object.keys(tls).length === 0 ? {} : { tls }),
  };
}

/** Runs with a client that is stopped whatever happens. */
export async function withClient<T>(values: ConnectionValues, run: (client: Client) => Promise<T>, mayRead = true): Promise<T> {
  await using client = createClient(connectOptions(values), {
    mayRead,
    ...(values.ns === undefined ? {} : { ns: values.ns }),
    ...(values.timeout === undefined ? {} : { answerTimeout: values.timeout as Duration }),
  });
  await client.start();
  return await run(client);
}

export function readText(file: string, field: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new TroupeError('invalid_options', `${field}: cannot read ${file}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      field,
      cause,
    });
  }
}
