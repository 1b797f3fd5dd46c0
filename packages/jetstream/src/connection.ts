/**
 * Connections with our settings, and one listener per connection for what happens to it.
 *
 * The client's defaults give up after ten attempts, wait 2 s between them and notice a dead peer after minutes; a host
 * must come back by itself within seconds of any outage.
 */
import { readFileSync } from 'node:fs';
import { connect, credsAuthenticator, nkeyAuthenticator, type NatsConnection, type NodeConnectionOptions } from '@nats-io/transport-node';
import { TroupeError } from '@troupe/protocol';

export interface ConnectOptions {
  /** URLs of one or more servers. Default `nats://127.0.0.1:4222`. */
  readonly servers?: string | readonly string[];
  /** Shown by the server's monitoring. */
  readonly name?: string;
  readonly user?: string;
  readonly pass?: string;
  readonly token?: string;
  /** Seed of an nkey (`SU…`). Excludes user, token and credentials. */
  readonly nkeySeed?: string;
  /** File with a JWT and its seed. Excludes user, token and nkey. */
  readonly credentialsFile?: string;
  readonly tls?: { readonly caFile?: string; readonly certFile?: string; readonly keyFile?: string };
  /** Must agree with the user's subscribe permission, else every request fails. Default `_INBOX`. */
  readonly inboxPrefix?: string;
  /** Keeps trying until a server answers, instead of failing when none does at first. Default false. */
  readonly waitOnFirstConnect?: boolean;
  /** Between attempts to reconnect. Default 200. */
  readonly reconnectWaitMs?: number;
  /** Twice without an answer, and the connection counts as dead. Default 5000. */
  readonly pingIntervalMs?: number;
}

/** Connects, and reconnects for ever. Throws `unavailable` (retryable) or, for refused credentials, `not_permitted`. */
export async function connectNats(options: ConnectOptions = {}): Promise<NatsConnection> {
  const native: NodeConnectionOptions = {
    maxReconnectAttempts: -1,
    reconnectTimeWait: options.reconnectWaitMs ?? 200,
    pingInterval: options.pingIntervalMs ?? 5_000,
    maxPingOut: 2,
    // a server that is being configured anew may refuse for a moment; giving up would need a human to restart us
    ignoreAuthErrorAbort: true,
    noAsyncTraces: true,
    ...authentication(options),
    ...(options.servers === undefined ? {} : { servers: typeof options.servers === 'string' ? options.servers : [...options.servers] }),
    ...(options.name === undefined ? {} : { name: options.name }),
    ...(options.tls === undefined ? {} : { tls: options.tls }),
    ...(options.inboxPrefix === undefined ? {} : { inboxPrefix: options.inboxPrefix }),
    ...(options.waitOnFirstConnect === undefined ? {} : { waitOnFirstConnect: options.waitOnFirstConnect }),
  };
  try {
    return await connect(native);
  } catch (cause) {
    const name = cause instanceof Error ? cause.name : '';
    const code = name === 'AuthorizationError' || name === 'UserAuthenticationExpiredError' ? 'not_permitted' : 'unavailable';
    const servers = [options.servers ?? 'nats://127.0.0.1:4222'].flat().map(withoutPassword).join(', ');
    throw new TroupeError(code, `cannot connect to ${servers}`, { retryable: code === 'unavailable', cause });
  }
}

function authentication(options: ConnectOptions): NodeConnectionOptions {
  const { user, pass, token, nkeySeed, credentialsFile } = options;
  const ways = [user, token, nkeySeed, credentialsFile].filter((way) => way !== undefined);
  if (ways.length > 1) {
    throw new TroupeError('invalid_options', 'user, token, nkeySeed and credentialsFile exclude each other', { field: 'user' });
  }
  if (nkeySeed !== undefined) return { authenticator: nkeyAuthenticator(new TextEncoder().encode(nkeySeed)) };
  if (credentialsFile !== undefined) {
    // read on every attempt: credentials are renewed in place
    return { authenticator: (nonce) => credsAuthenticator(readFileSync(credentialsFile))(nonce) };
  }
  if (token !== undefined) return { token };
  return { ...(user === undefined ? {} : { user }), ...(pass === undefined ? {} : { pass }) };
}

function withoutPassword(url: string): string {
  return url.replace(/\/\/[^@/]*@/, '//');
}

/** What publisher and puller need of a connection; that of the `nats` 2.x package has it as well. */
export interface WireConnection {
  readonly info?: { readonly max_payload: number } | undefined;
  publish(subject: string, payload?: Uint8Array, options?: { reply?: string; headers?: never }): void;
  subscribe(subject: string, options: { callback: (error: unknown, message: WireMessage) => void }): WireSubscription;
  flush(): Promise<void>;
  status(): AsyncIterable<{ readonly type: string }>;
  isClosed(): boolean;
}

export interface WireSubscription {
  unsubscribe(): void;
  /** Unsubscribes, and resolves when what was on its way has been handed over. */
  drain(): Promise<void>;
}

export interface WireMessage {
  readonly subject: string;
  readonly reply?: string | undefined;
  readonly data: Uint8Array;
  readonly headers?: WireHeaders | undefined;
}

export interface WireHeaders extends Iterable<[string, string[]]> {
  readonly code: number;
  readonly description: string;
  get(name: string): string;
}

export interface ConnectionListener {
  disconnected?(): void;
  reconnected?(): void;
  closed?(): void;
  /** The server refused a publish or a subscription on this subject. */
  refused?(operation: string, subject: string): void;
}

const hubs = new WeakMap<object, Set<ConnectionListener>>();

/** Listens to what happens to the connection, until the returned function is called. All listeners share one iterator. */
export function watchConnection(nc: WireConnection, listener: ConnectionListener): () => void {
  let listeners = hubs.get(nc);
  if (listeners === undefined) {
    listeners = new Set();
    hubs.set(nc, listeners);
    void follow(nc, listeners);
  }
  const all = listeners;
  all.add(listener);
  return () => all.delete(listener);
}

/** Calls back after every reconnect: whatever the server knew of the old connection is gone. */
export function onReconnect(nc: WireConnection, callback: () => void): () => void {
  return watchConnection(nc, { reconnected: callback });
}

async function follow(nc: WireConnection, listeners: ReadonlySet<ConnectionListener>): Promise<void> {
  for await (const status of nc.status()) {
    for (const listener of [...listeners]) {
      if (status.type === 'disconnect') listener.disconnected?.();
      else if (status.type === 'reconnect') listener.reconnected?.();
      else if (status.type === 'error') {
        const denied = permissionOf(status);
        if (denied !== undefined) listener.refused?.(denied.operation, denied.subject);
      }
    }
  }
  for (const listener of [...listeners]) listener.closed?.();
}

/** 3.x: `{error: PermissionViolationError}`; 2.x: `{data: 'PERMISSIONS_VIOLATION', permissionContext}`. */
function permissionOf(status: object): { operation: string; subject: string } | undefined {
  const { error, permissionContext } = status as { error?: unknown; permissionContext?: unknown };
  const found = (error ?? permissionContext) as { operation?: unknown; subject?: unknown } | undefined;
  return typeof found?.operation === 'string' && typeof found.subject === 'string'
    ? { operation: found.operation, subject: found.subject }
    : undefined;
}

/** The prefix of inboxes that this connection's user may subscribe to. */
export function inboxPrefixOf(nc: WireConnection): string {
  const { options } = nc as { options?: { inboxPrefix?: string } };
  return options?.inboxPrefix ?? '_INBOX';
}
