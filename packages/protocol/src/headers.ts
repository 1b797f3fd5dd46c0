/** Header names. Context headers are copied to every message caused; none of them ever authorises anything. */
export const headers = {
  messageId: 'Nats-Msg-Id',
  ttl: 'Nats-TTL',
  expectedLastSubjectSequence: 'Nats-Expected-Last-Subject-Sequence',
  schedule: 'Nats-Schedule',
  scheduleTarget: 'Nats-Schedule-Target',
  rollup: 'Nats-Rollup',
  traceparent: 'traceparent',
  /** Where the answer to a command goes when its body cannot be read; only below `_INBOX.`. */
  replyTo: 'Troupe-Reply-To',
  /** Prefix of the context: `Troupe-Context-user`, `-tenant`, `-correlation`, … */
  contextPrefix: 'Troupe-Context-',
} as const;

/** Names are lower case; `traceparent` is one of them and travels under its own W3C header. */
export type Context = Readonly<Record<string, string>>;

const NAME = /^[a-z][a-z0-9-]{0,63}$/;
const VALUE = /^[\x20-\x7e]{0,512}$/;

/** Drops what may not travel in a header instead of failing: context is a convenience, never a reason to lose a message. */
export function cleanContext(context: Readonly<Record<string, unknown>> | undefined): Context {
  const out: Record<string, string> = {};
  for (const [name, value] of Object.entries(context ?? {})) {
    // clients trim what they read from a header, so an untrimmed value would not arrive as it left
    if (NAME.test(name) && typeof value === 'string' && VALUE.test(value)) out[name] = value.trim();
  }
  return out;
}

export function contextToHeaders(context: Context): [string, string][] {
  return Object.entries(context).map(([name, value]) => [
    name === 'traceparent' ? headers.traceparent : headers.contextPrefix + name,
    value,
  ]);
}

export function contextFromHeaders(entries: Iterable<readonly [string, readonly string[] | string]>): Context {
  const out: Record<string, string> = {};
  for (const [name, values] of entries) {
    const value = typeof values === 'string' ? values : values[0];
    if (value === undefined) continue;
    if (name === headers.traceparent) out['traceparent'] = value;
    else if (name.startsWith(headers.contextPrefix)) out[name.slice(headers.contextPrefix.length)] = value;
  }
  return cleanContext(out);
}
