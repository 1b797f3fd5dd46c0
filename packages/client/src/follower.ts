/**
 * One operation as its sender sees it: the first answer, and the end.
 *
 * Answers are told once, without acknowledgement: one is lost with a host that dies between its commit and the telling,
 * or with a connection. So a wait listens, and looks besides: at the start (unless it has listened since before the
 * command left), after every reconnect, and every `checkEvery`. Looking is reading the record; a user who may only
 * publish commands sends the same command again instead, which is answered and never starts a second operation.
 */
import type { Answer } from '@troupe/protocol';
import { endOfAnswer, type Found, type OperationEnd } from './ends.ts';
import { isDenied, stopped, unanswered, unknownOperation } from './errors.ts';
import type { Listener } from './inbox.ts';
import type { Session } from './session.ts';
import { Change } from './waiting.ts';

/** Where answers come from, and how to look. */
export interface Source {
  /** Answers reach the listener until `rest`; after that they may. */
  listen(listener: Listener): void;
  rest(): void;
  /** Reads the record. */
  lookUp(): Promise<Found>;
  /** Sends the command again. Absent for an operation that this client did not ask for. */
  askAgain?(): Promise<void>;
}

/** After a reconnect everybody looks; not all within the same millisecond. */
const RECONNECT_SPREAD_MS = 1_000;
/** A replica that lags may not know a record yet, so one look that finds none proves nothing. */
const UNKNOWN_LIMIT = 3;
const UNKNOWN_AGAIN_MS = 200;

export class Follower implements Listener {
  first: Answer | undefined;
  end: OperationEnd | undefined;
  private readonly session: Session;
  private readonly id: string;
  private readonly source: Source;
  private readonly change = new Change();
  private heard = false;
  /** Reconnects of the session that it has looked after. */
  private seen = 0;
  private nextLookAt = 0;
  private answerLookAt = Infinity;
  private unknown = 0;
  private looking: Promise<void> | undefined;
  private waiting = 0;

  constructor(session: Session, id: string, source: Source) {
    this.session = session;
    this.id = id;
    this.source = source;
  }

  receive(answer: Answer): void {
    // a rejection of what could not be read names no operation; it came to our own inbox
    if (answer.operation !== this.id && answer.operation !== '') return;
    // the operation lives: what came again may be refused for reasons of its own, such as an executor that is gone
    if (answer.answer === 'rejected' && this.first !== undefined && this.first.answer !== 'queued') return;
    this.first ??= answer.answer === 'ended' ? { v: 1, operation: this.id, answer: 'accepted' } : answer;
    this.end ??= endOfAnswer(answer);
    this.change.tell();
  }

  dropped(): void {
    this.heard = false;
  }

  /** From before the command leaves: then nothing can be missed but by an outage. */
  listen(): void {
    const { reconnects } = this.session;
    if (!this.heard || reconnects !== this.seen) this.nextLookAt = 0;
    this.heard = true;
    this.seen = reconnects;
    this.source.listen(this);
  }

  /** The first answer. Throws `unanswered`, `unavailable` (stopped), the reason of the signal. */
  async answered(signal: AbortSignal | undefined): Promise<Answer> {
    const { clock, answerTimeoutMs } = this.session.settings;
    const startedAt = clock.monotonic();
    // by then the answer is lost or the door is slow; both are told apart by looking
    this.answerLookAt = this.session.reconnects === this.seen ? startedAt + answerTimeoutMs / 2 : startedAt;
    return this.wait(async () => {
      for (;;) {
        if (this.first !== undefined) return this.first;
        const now = clock.monotonic();
        if (now - startedAt >= answerTimeoutMs) throw unanswered('the command', this.id);
        if (now >= this.answerLookAt) {
          this.answerLookAt = Infinity;
          await this.lookForAnswer();
          continue;
        }
        await this.pause(Math.min(this.answerLookAt, startedAt + answerTimeoutMs) - now, signal);
      }
    });
  }

  /** The end. Throws `unknown_operation`, `not_permitted`, `unavailable` (stopped), the reason of the signal. */
  async ended(signal: AbortSignal | undefined): Promise<OperationEnd> {
    const { clock, checkEveryMs, random } = this.session.settings;
    if (this.end !== undefined) return this.end;
    await this.session.ready();
    this.listen();
    return this.wait(async () => {
      for (;;) {
        if (this.end !== undefined) return this.end;
        const now = clock.monotonic();
        if (now < this.nextLookAt) {
          await this.pause(this.nextLookAt - now, signal);
          continue;
        }
        this.looking ??= this.look().finally(() => {
          this.looking = undefined;
          const again = this.unknown > 0 ? UNKNOWN_AGAIN_MS : checkEveryMs * (1 + random.next() / 2);
          this.nextLookAt = clock.monotonic() + again;
        });
        await this.looking;
      }
    });
  }

  /** The command is on its way, and all that comes after it is heard. */
  sent(): void {
    const { clock, checkEveryMs } = this.session.settings;
    // what was told during an outage since is lost
    if (this.session.reconnects === this.seen) this.nextLookAt = clock.monotonic() + checkEveryMs;
  }

  private async wait<T>(run: () => Promise<T>): Promise<T> {
    const { clock, random } = this.session.settings;
    const unhook = this.session.onWake(() => {
      // the reconnect is over, what was told meanwhile is lost
      const soon = clock.monotonic() + random.next() * RECONNECT_SPREAD_MS;
      this.seen = this.session.reconnects;
      this.nextLookAt = Math.min(this.nextLookAt, soon);
      this.answerLookAt = Math.min(this.answerLookAt, soon);
      this.change.tell();
    });
    this.waiting++;
    try {
      return await run();
    } finally {
      unhook();
      if (--this.waiting === 0) this.source.rest();
    }
  }

  private async pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
    if (this.session.isStopped) throw stopped();
    signal?.throwIfAborted();
    await this.change.wait(this.session.settings.clock, ms, signal);
    signal?.throwIfAborted();
    if (this.session.isStopped) throw stopped();
  }

  private async look(): Promise<void> {
    const found = await this.lookUp();
    if (found === 'denied') {
      await this.source.askAgain?.().catch(() => undefined);
      return;
    }
    if (typeof found === 'object') {
      this.end ??= found;
      return;
    }
    this.unknown = found === 'unknown' ? this.unknown + 1 : 0;
    if (this.unknown >= UNKNOWN_LIMIT) throw unknownOperation(this.id);
  }

  /** Half of the time is over, or the connection was: an answer that was lost can be had again. */
  private async lookForAnswer(): Promise<void> {
    const found = await this.lookUp().catch(() => 'denied' as const);
    if (found === 'running' || typeof found === 'object') {
      if (typeof found === 'object') this.end ??= found;
      const rejected = typeof found === 'object' && found.outcome === 'rejected' ? found.error : undefined;
      this.first ??=
        rejected === undefined
          ? { v: 1, operation: this.id, answer: 'accepted' }
          : { v: 1, operation: this.id, answer: 'rejected', error: rejected };
      return;
    }
    if (found !== 'accepting') await this.source.askAgain?.().catch(() => undefined);
  }

  private async lookUp(): Promise<Found | 'denied' | 'silent'> {
    if (!this.session.mayRead && this.source.askAgain !== undefined) return 'denied';
    try {
      return await this.source.lookUp();
    } catch (error) {
      if (this.session.isStopped) throw stopped();
      // nobody could ever tell: waiting would be for ever
      if (isDenied(error) && this.source.askAgain === undefined) throw error;
      // an outage: the next look comes by itself
      if (!isDenied(error)) return 'silent';
      this.session.mayRead = false;
      return 'denied';
    }
  }
}
