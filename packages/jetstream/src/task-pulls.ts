/**
 * Pulls of a worker on one consumer: each is asked for once and ends, unlike those of a host, which are renewed for ever.
 * What a worker asks for it counts as taken, so a pull must not end before the server has let go of it, or more would
 * come than there are slots; and it must end, or slots would stay reserved for messages that never come.
 *
 * The puller is let loose for a moment per request and paused again, so that it does not renew what expires; it still
 * sees to reconnects, refusals and lost pulls.
 */
import type { NatsConnection } from '@nats-io/nats-core';
import type { Clock } from '@troupe/actor';
import { createPuller, type PulledMessage, type Puller } from './puller.ts';

export interface TaskPullsOptions {
  readonly nc: NatsConnection;
  readonly stream: string;
  readonly durable: string;
  readonly expiresMs: number;
  readonly clock: Clock;
  readonly onMessage: (message: PulledMessage) => void;
}

interface Request {
  left: number;
  missed: number;
  readonly onEnd: (undelivered: number) => void;
}

/** How often ends are looked for; also how often a pull is tried while there is no connection. */
const LOOK_MS = 250;

export class TaskPulls {
  private readonly options: TaskPullsOptions;
  private readonly puller: Puller;
  /** Oldest first: which request a message answers is not known, and does not matter. */
  private readonly requests: Request[] = [];
  private room = 0;
  private cancelLook: (() => void) | undefined;

  constructor(options: TaskPullsOptions) {
    this.options = options;
    const { nc, stream, durable, expiresMs, clock } = options;
    this.puller = createPuller({
      nc,
      stream,
      durable,
      expiresMs,
      clock,
      demand: () => this.room,
      onMessage: (message) => {
        options.onMessage(message);
        const oldest = this.requests[0];
        if (oldest !== undefined) this.take(oldest, 1);
      },
    });
    this.puller.start();
    this.puller.pause();
  }

  ask(count: number, onEnd: (undelivered: number) => void): void {
    this.requests.push({ left: count, missed: 0, onEnd });
    this.room += count;
    this.puller.resume();
    this.puller.pause();
    this.cancelLook ??= this.options.clock.setTimer(LOOK_MS, () => this.look());
  }

  /** When it has resolved nothing comes any more, and all requests have ended. */
  async stop(): Promise<void> {
    await this.puller.drain();
    this.cancelLook?.();
    this.end(this.room);
  }

  private look(): void {
    this.cancelLook = undefined;
    // what the puller does not count as asked for has expired, was lost, or was never sent
    this.end(this.room - this.puller.outstanding);
    if (this.room > 0) this.cancelLook ??= this.options.clock.setTimer(LOOK_MS, () => this.look());
  }

  /** So many that were asked for do not come: taken off the newest requests, which the server looks at last. */
  private end(undelivered: number): void {
    for (let left = undelivered; left > 0;) {
      const request = this.requests.at(-1);
      if (request === undefined) return;
      const missed = Math.min(left, request.left);
      left -= missed;
      request.missed += missed;
      this.take(request, missed);
    }
  }

  private take(request: Request, places: number): void {
    this.room -= places;
    request.left -= places;
    if (request.left > 0) return;
    this.requests.splice(this.requests.indexOf(request), 1);
    request.onEnd(request.missed);
  }
}
