import { expect } from 'chai';

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed JSON, or the text where it is none. */
  readonly body: Fields;
}

/** Whatever an answer holds: tests reach into it, and say with `expect` what they want to find there. */
export interface Fields {
  readonly [name: string]: Fields;
  [Symbol.iterator](): Iterator<Fields>;
}

export interface SendOptions {
  readonly method?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly token?: string;
}

/** A plain HTTP exchange, as any client in any language would make it. */
export async function send(url: string, { method = 'GET', body, headers = {}, token }: SendOptions = {}): Promise<Reply> {
  const response = await fetch(url, {
    method,
    headers: {
      ...headers,
      ...(token === undefined ? {} : { 'X-Auth-Token': token }),
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: parse(text) };
}

function parse(text: string): Fields {
  try {
    return JSON.parse(text) as Fields;
  } catch {
    return text as unknown as Fields;
  }
}

/** Fails unless the exchange is cut short. */
export async function expectNoAnswer(pending: Promise<unknown>): Promise<void> {
  const failure = await pending.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(failure, 'the connection should have been cut').to.be.instanceOf(Error);
}
