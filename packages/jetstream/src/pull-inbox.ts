/**
 * One inbox and the pulls that are out under it.
 *
 * A delivery does not say which pull it answers (the server deals messages round among the pulls that stand), so what is
 * still to come is counted for all together: a message takes one off, the end of a pull takes off what the server says
 * it still owed. A pull that was served in full ends without a word, like one that was lost with its server; so the count
 * is also held below the sum of the pulls that may still stand. It never counts too little: a worker must not be sent
 * more than it has slots.
 */
import { createInbox } from '@nats-io/nats-core';
import { inboxPrefixOf, type WireConnection, type WireMessage, type WireSubscription } from './connection.ts';
import { type AckPlace, parseAckSubject } from './pulled-message.ts';

export interface PullInboxOptions {
  readonly nc: WireConnection;
  readonly now: () => number;
  readonly expiresMs: number;
  readonly heartbeatMs: number;
  readonly onMessage: (message: WireMessage, reply: string, place: AckPlace) => void;
  /** The consumer was heard of: a heartbeat, or a pull that expired. */
  readonly onAlive: () => void;
  readonly onRefused: (code: number, reason: string) => void;
}

interface Pull {
  readonly batch: number;
  readonly endsAt: number;
}

const EXPIRY_GRACE_MS = 1_000;
const PENDING = 'Nats-Pending-Messages';

export class PullInbox {
  /** Messages asked for and not delivered; never less than the truth. */
  asked = 0;
  private readonly options: PullInboxOptions;
  private readonly prefix: string;
  private readonly subscription: WireSubscription;
  private readonly pulls = new Map<string, Pull>();
  private nextToken = 0;
  private heardAt: number;
  private silentLooks = 0;

  constructor(options: PullInboxOptions) {
    this.options = options;
    this.heardAt = options.now();
    this.prefix = `${createInbox(inboxPrefixOf(options.nc))}.`;
    this.subscription = options.nc.subscribe(`${this.prefix}*`, {
      callback: (error, message) => {
        if (error === null || error === undefined) this.receive(message);
        else options.onRefused(403, 'the inbox was refused');
      },
    });
  }

  get isEmpty(): boolean {
    return this.pulls.size === 0;
  }

  /** Sends one pull. `fields` is what follows batch and times in the request. */
  pull(api: string, batch: number, fields: string): void {
    const { nc, now, expiresMs, heartbeatMs } = this.options;
    const reply = this.prefix + (this.nextToken++).toString(36);
    const at = now();
    if (this.asked === 0) this.heardAt = at;
    this.pulls.set(reply, { batch, endsAt: at + expiresMs + EXPIRY_GRACE_MS });
    this.asked += batch;
    const request = `{"batch":${batch},"expires":${expiresMs}000000,"idle_heartbeat":${heartbeatMs}000000${fields}}`;
    try {
      nc.publish(api, Buffer.from(request), { reply });
    } catch {
      // closed: nothing is pulled any more
      this.forget();
    }
  }

  /** Drops the pulls from the books: their connection is gone. */
  forget(): void {
    this.pulls.clear();
    this.asked = 0;
  }

  /** Ends all pulls at the server; resolves when what it has sent by then has come. Rejects when the connection is gone. */
  async drain(): Promise<void> {
    await this.subscription.drain();
    this.forget();
  }

  close(): void {
    this.forget();
    if (!this.options.nc.isClosed()) this.subscription.unsubscribe();
  }

  /** Takes pulls that are over off the books. True if nothing was heard of any for three heartbeats: all are lost. */
  look(): boolean {
    const now = this.options.now();
    for (const [reply, pull] of this.pulls) if (now > pull.endsAt) this.pulls.delete(reply);
    this.settle(0);
    const silent = this.asked > 0 && now - this.heardAt > 3 * this.options.heartbeatMs;
    // only the second look counts: after a blocked loop the news may lie unread in the socket
    this.silentLooks = silent ? this.silentLooks + 1 : 0;
    if (this.silentLooks < 2) return false;
    this.silentLooks = 0;
    this.forget();
    return true;
  }

  private receive(message: WireMessage): void {
    this.heardAt = this.options.now();
    const { reply } = message;
    const place = reply === undefined || reply === '' ? undefined : parseAckSubject(reply);
    if (place !== undefined && reply !== undefined) {
      if (this.asked > 0) this.asked--;
      this.options.onMessage(message, reply, place);
      return;
    }
    this.status(message);
  }

  private status(message: WireMessage): void {
    const { headers } = message;
    const code = headers?.code ?? 0;
    if (headers === undefined || code === 0) return;
    if (code === 100) return this.options.onAlive();
    const pull = this.pulls.get(message.subject);
    if (pull === undefined) return;
    this.pulls.delete(message.subject);
    const pending = headers.get(PENDING);
    // 400 and 503: the pull was never taken, all of it is still owed
    this.settle(pending !== '' ? Number(pending) : code === 400 || code === 503 ? pull.batch : 0);
    if (code === 404 || code === 408) this.options.onAlive();
    else this.options.onRefused(code, headers.description);
  }

  private settle(owed: number): void {
    let standing = 0;
    for (const pull of this.pulls.values()) standing += pull.batch;
    this.asked = Math.max(0, Math.min(this.asked - owed, standing));
  }
}
