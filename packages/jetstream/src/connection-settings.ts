/**
 * How a program of Troupe connects: by flags, else by the environment. One table for the command line and for every service, so
 * that what one of them can reach, each can.
 */
import { readFileSync } from 'node:fs';
import { TroupeError } from '@troupe/protocol';
import type { ConnectOptions } from './connection.ts';

export interface ConnectionSetting {
  /** Name of its flag; empty: it has none. */
  readonly flag: string;
  /** What the flag takes, for help. */
  readonly takes: string;
  readonly env: string;
  readonly text: string;
}

/** A password has no flag: whoever may list processes could read it. */
export const connectionSettings = {
  servers: {
    flag: 'servers',
    takes: 'urls',
    env: 'TROUPE_SERVERS',
    text: 'URLs of nats-servers, with commas between (default nats://127.0.0.1:4222)',
  },
  ns: { flag: 'ns', takes: 'name', env: 'TROUPE_NS', text: 'namespace of the installation (default troupe)' },
  user: { flag: 'user', takes: 'name', env: 'TROUPE_USER', text: 'NATS user' },
  password: { flag: '', takes: '', env: 'TROUPE_PASSWORD', text: 'its password' },
  token: { flag: '', takes: '', env: 'TROUPE_TOKEN', text: 'a token instead of user and password' },
  creds: { flag: 'creds', takes: 'file', env: 'TROUPE_CREDS', text: 'credentials file (JWT and seed)' },
  nkey: { flag: 'nkey', takes: 'file', env: 'TROUPE_NKEY', text: 'file with the seed of an nkey' },
  inboxPrefix: {
    flag: 'inbox-prefix',
    takes: 'prefix',
    env: 'TROUPE_INBOX_PREFIX',
    text: 'inbox prefix that this user may subscribe to',
  },
  tlsCa: { flag: 'tls-ca', takes: 'file', env: 'TROUPE_TLS_CA', text: 'certificate of the authority that signed the server' },
  tlsCert: { flag: 'tls-cert', takes: 'file', env: 'TROUPE_TLS_CERT', text: 'own certificate' },
  tlsKey: { flag: 'tls-key', takes: 'file', env: 'TROUPE_TLS_KEY', text: 'own key' },
} as const satisfies Readonly<Record<string, ConnectionSetting>>;

export type ConnectionValues = { readonly [K in keyof typeof connectionSettings]?: string };

/** For `parseArgs` of Node.js: the flags of the settings that have one. */
export const connectionFlags: Readonly<Record<string, { readonly type: 'string' }>> = Object.fromEntries(
  Object.values(connectionSettings).flatMap(({ flag }) => (flag === '' ? [] : [[flag, { type: 'string' as const }]])),
);

/** Help of the flags, as a usage line shows them. */
export const connectionUsage = Object.values(connectionSettings)
  .flatMap(({ flag, takes }) => (flag === '' ? [] : [`[--${flag} ${takes.toUpperCase()}]`]))
  .join(' ');

/** Names of the variables, as help lists them. */
export const connectionVariables = Object.values(connectionSettings)
  .map(({ env }) => env)
  .join(', ');

/**
 * Flags before the environment; an empty variable counts as absent.
 *
 * @param flags by the name of the flag or by that of the setting
 */
export function connectionValues(flags: Readonly<Record<string, unknown>>, env: NodeJS.ProcessEnv): ConnectionValues {
  const out: { -readonly [K in keyof ConnectionValues]: string } = {};
  for (const [name, setting] of Object.entries(connectionSettings) as [keyof ConnectionValues, ConnectionSetting][]) {
    const value = flags[name] ?? flags[setting.flag] ?? env[setting.env];
    if (typeof value === 'string' && value !== '') out[name] = value;
  }
  return out;
}

/** Throws `invalid_options` with the field when a file that is named cannot be read. */
export function connectOptions(values: ConnectionValues, name: string): ConnectOptions {
  const { servers, user, password, token, creds, nkey, inboxPrefix, tlsCa, tlsCert, tlsKey } = values;
  const tls = {
    ...(tlsCa === undefined ? {} : { caFile: tlsCa }),
    ...(tlsCert === undefined ? {} : { certFile: tlsCert }),
    ...(tlsKey === undefined ? {} : { keyFile: tlsKey }),
  };
  return {
    name,
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

/** Text of a file that an option names; throws `invalid_options` with that field when it cannot be read. */
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
