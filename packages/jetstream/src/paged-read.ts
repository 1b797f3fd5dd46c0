/** All messages of a filter, page by page: the server refuses a batch of more than 1,024 subjects, and memory must not hold more. */
import type { JetStreamManager, StoredMsg } from '@nats-io/jetstream';

/**
 * In the order of the stream. What is written meanwhile comes later, if its subject keeps only its last message maybe for
 * the second time. A page is held in memory, so whoever reads may take its time.
 */
export async function* readPaged(jsm: JetStreamManager, stream: string, filter: string, pageSize: number): AsyncGenerator<StoredMsg> {
  for (let seq = 1; ;) {
    const page: StoredMsg[] = [];
    try {
      for await (const message of await jsm.direct.getBatch(stream, { seq, next_by_subj: filter, batch: pageSize })) page.push(message);
    } catch (error) {
      // a page without a single message ends with this status instead of an end of batch
      if ((error as { code?: unknown }).code !== 404) throw error;
    }
    yield* page;
    const last = page.at(-1);
    if (last === undefined || page.length < pageSize) return;
    seq = last.seq + 1;
  }
}
