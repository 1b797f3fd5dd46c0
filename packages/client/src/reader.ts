/** Reads records: what operations and throttles have stored, and what is left of them. Needs the right to read STATE. */
import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import type { EntityRecord } from '@troupe/actor';
import { entityRecordOf, type RecordStore, type RootRecord } from '@troupe/actor/internal';
import { createRecordStore, readLast, readPaged, readTombstone } from '@troupe/jetstream/internal';
import type { Address, Json } from '@troupe/protocol';
import { readError } from './errors.ts';
import type { Session } from './session.ts';

export interface StoredRoot {
  readonly key: string;
  readonly root: RootRecord;
  /** Epoch milliseconds, server time. */
  readonly storedAt: number;
}

export interface StoredEntity {
  /** Absent for a key that holds nothing but a quarantine. */
  readonly record?: EntityRecord;
  readonly quarantine?: RootRecord['q'];
}

/** Below the 1,024 that the server allows, and small enough that a page of full roots stays in memory. */
const PAGE = 250;
/** A record that changes while it is read is read again; a busy one is shown as it was found. */
const READS = 3;

export class Reader {
  private readonly session: Session;
  private manager: Promise<JetStreamManager> | undefined;

  constructor(session: Session) {
    this.session = session;
  }

  /** The root alone: one read. */
  async root(address: Address): Promise<StoredRoot | undefined> {
    const { nc } = await this.session.ready();
    const { streams, state } = this.session.subjects;
    const message = await this.denied(readLast(nc, streams.state, state(address)));
    if (message === undefined || message.data.length === 0) return undefined;
    return { key: address.key, root: JSON.parse(message.text()) as RootRecord, storedAt: message.storedAt };
  }

  /** The record as its behaviour would see it. */
  async entity(address: Address): Promise<StoredEntity | undefined> {
    const { nc } = await this.session.ready();
    const { subjects } = this.session;
    const records: Pick<RecordStore, 'load'> = createRecordStore({ nc, subjects, publisher: nobody, serverNow: () => 0 });
    for (let read = 1; ; read++) {
      const loaded = await this.denied(records.load(address));
      if (loaded === undefined) return undefined;
      // also when none were found: all of them may have been removed since the root was read
      if (Object.keys(loaded.root.nx).length > 0 && read < READS) {
        const now = await this.denied(readLast(nc, subjects.streams.state, subjects.state(address)));
        if (now?.sequence !== loaded.revision) continue;
      }
      const record = entityRecordOf(loaded);
      const { q } = loaded.root;
      return { ...(record === undefined ? {} : { record }), ...(q === undefined ? {} : { quarantine: q }) };
    }
  }

  async tombstone(address: Address): Promise<Json | undefined> {
    const { nc } = await this.session.ready();
    return this.denied(readTombstone(nc, this.session.subjects, address));
  }

  /** Roots of a kind in the order of their last change, oldest first. */
  async *roots(kind: string): AsyncGenerator<StoredRoot> {
    const { streams, stateFilter, parseState } = this.session.subjects;
    for await (const message of this.messages(streams.state, stateFilter(kind))) {
      const key = parseState(message.subject)?.of.key;
      if (key === undefined || message.data.length === 0) continue;
      yield { key, root: JSON.parse(message.string()) as RootRecord, storedAt: message.time.getTime() };
    }
  }

  /** Messages of a filter, oldest first, page by page. */
  async *messages(stream: string, filter: string): AsyncGenerator<StoredMsgLike> {
    const { nc } = await this.session.ready();
    this.manager ??= jetstreamManager(nc, { checkAPI: false });
    const jsm = await this.manager;
    try {
      // a single read is refused at once, a batch without the right only times out
      await jsm.direct.getMessage(stream, { seq: 1 });
      yield* readPaged(jsm, stream, filter, PAGE);
    } catch (error) {
      throw readError(error, stream);
    }
  }

  private async denied<T>(reading: Promise<T>): Promise<T> {
    try {
      return await reading;
    } catch (error) {
      throw readError(error, this.session.subjects.streams.state);
    }
  }
}

export interface StoredMsgLike {
  readonly subject: string;
  readonly seq: number;
  readonly data: Uint8Array;
  readonly time: Date;
  string(): string;
}

/** A reader writes nothing. */
const nobody = undefined as never;
