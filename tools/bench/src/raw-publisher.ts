/** The baseline's publisher: one inbox, a map from token to promise, nothing else. About what anybody would write by hand. */
import { createInbox, type MsgHdrs, type NatsConnection } from '@nats-io/nats-core';

export interface RawPublisher {
  /** Resolves with the sequence; rejects with the server's error. */
  publish(subject: string, body: Uint8Array | string, headers?: MsgHdrs): Promise<number>;
}

export function rawPublisher(nc: NatsConnection): RawPublisher {
  const inbox = `${createInbox()}.`;
  const pending = new Map<string, { resolve: (seq: number) => void; reject: (error: Error) => void }>();
  let next = 0;
  nc.subscribe(`${inbox}*`, {
    callback(_error, message) {
      const entry = pending.get(message.subject);
      if (entry === undefined) return;
      pending.delete(message.subject);
      const ack = JSON.parse(message.string()) as { seq?: number; error?: { err_code: number; description: string } };
      if (ack.error === undefined) entry.resolve(ack.seq ?? 0);
      else entry.reject(Object.assign(new Error(ack.error.description), { code: ack.error.err_code }));
    },
  });
  return {
    publish(subject, body, headers) {
      return new Promise((resolve, reject) => {
        const reply = inbox + (next++).toString(36);
        pending.set(reply, { resolve, reject });
        nc.publish(subject, body, headers === undefined ? { reply } : { reply, headers });
      });
    },
  };
}

export class Headers {
  private readonly text: Uint8Array;
  constructor(entries: readonly (readonly [string, string])[]) {
    this.text = Buffer.from(`NATS/1.0\r\n${entries.map(([k, v]) => `${k}: ${v}\r\n`).join('')}\r\n`);
  }
  encode(): Uint8Array {
    return this.text;
  }
}

export function rawHeaders(entries: readonly (readonly [string, string])[]): MsgHdrs {
  return new Headers(entries) as unknown as MsgHdrs;
}
