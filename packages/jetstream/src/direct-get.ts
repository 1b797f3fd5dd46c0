/** Single direct reads, by sequence or last of a subject: one request, no consumer, no API right beyond DIRECT.GET. */
import type { Msg, NatsConnection } from '@nats-io/nats-core';
import { TroupeError } from '@troupe/protocol';
import { askApi } from './api-request.ts';

export interface StoredMessage {
  readonly subject: string;
  readonly sequence: number;
  /** Server time, epoch milliseconds. */
  readonly storedAt: number;
  readonly data: Uint8Array;
  header(name: string): string;
  text(): string;
}

const TIMEOUT_MS = 2_000;

/** The last message of a subject, or undefined. Throws `unavailable` when the server does not answer. */
export function readLast(nc: NatsConnection, stream: string, subject: string): Promise<StoredMessage | undefined> {
  // the subject in the API subject needs no body, and can be permitted by subject
  return request(nc, `$JS.API.DIRECT.GET.${stream}.${subject}`, '');
}

export function readDirect(nc: NatsConnection, stream: string, sequence: number): Promise<StoredMessage | undefined> {
  return request(nc, `$JS.API.DIRECT.GET.${stream}`, JSON.stringify({ seq: sequence }));
}

/** The first message of a filter at or after a sequence. */
export function readNext(nc: NatsConnection, stream: string, filter: string, sequence: number): Promise<StoredMessage | undefined> {
  return request(nc, `$JS.API.DIRECT.GET.${stream}`, JSON.stringify({ seq: sequence, next_by_subj: filter }));
}

async function request(nc: NatsConnection, api: string, body: string): Promise<StoredMessage | undefined> {
  let message: Msg;
  try {
    message = await nc.request(api, body, { timeout: TIMEOUT_MS });
  } catch (cause) {
    throw new TroupeError('unavailable', `no answer to ${api}`, { retryable: true, cause });
  }
  const headers = message.headers;
  const code = headers?.code ?? 0;
  if (code === 404) return undefined;
  if (headers === undefined || code >= 400) {
    throw new TroupeError('unavailable', `${api}: ${code} ${headers?.description ?? ''}`, { retryable: true });
  }
  return {
    subject: headers.get('Nats-Subject'),
    sequence: Number(headers.get('Nats-Sequence')),
    storedAt: Date.parse(headers.get('Nats-Time-Stamp')),
    data: message.data,
    header: (name) => headers.get(name),
    text: () => message.string(),
  };
}

const NO_MESSAGE = 10_037;

/** The last message of a subject as the stream's leader knows it: a direct read may come from a replica that is behind. Throws `unavailable`. */
export async function readLeader(nc: NatsConnection, stream: string, subject: string): Promise<StoredMessage | undefined> {
  const api = `$JS.API.STREAM.MSG.GET.${stream}`;
  let answer: { message?: ApiMessage; error?: { err_code: number; description: string } };
  try {
    answer = (await askApi(nc, api, JSON.stringify({ last_by_subj: subject }), TIMEOUT_MS)).json();
  } catch (cause) {
    throw new TroupeError('unavailable', `no answer to ${api}`, { retryable: true, cause });
  }
  if (answer.message !== undefined) return storedMessage(answer.message);
  if (answer.error?.err_code === NO_MESSAGE) return undefined;
  throw new TroupeError('unavailable', `${api}: ${answer.error?.description ?? 'no message'}`, { retryable: true });
}

interface ApiMessage {
  readonly subject: string;
  readonly seq: number;
  readonly time: string;
  /** Base 64, as the headers. */
  readonly data?: string;
  readonly hdrs?: string;
}

function storedMessage({ subject, seq, time, data = '', hdrs = '' }: ApiMessage): StoredMessage {
  const body = Buffer.from(data, 'base64');
  const lines = Buffer.from(hdrs, 'base64').toString().split('\r\n').slice(1);
  return {
    subject,
    sequence: seq,
    storedAt: Date.parse(time),
    data: body,
    header: (name) =>
      lines
        .find((line) => line.startsWith(`${name}:`))
        ?.slice(name.length + 1)
        .trim() ?? '',
    text: () => body.toString(),
  };
}
