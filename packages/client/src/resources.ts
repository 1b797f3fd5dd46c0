/** Shows resources that lie in JetStream. Needs the right to read them. */
import type { ResourceRecord } from '@troupe/actor';
import { createKvResourceStore } from '@troupe/jetstream';
import type { ResourceRef } from '@troupe/protocol';
import { readError } from './errors.ts';
import type { Session } from './session.ts';

export async function getResource(session: Session, ref: ResourceRef): Promise<ResourceRecord | undefined> {
  const { nc, publisher } = await session.ready();
  const store = createKvResourceStore({ nc, publisher, subjects: session.subjects, serverNow: () => 0 });
  try {
    return await store.get(ref);
  } catch (error) {
    throw readError(error, `${ref.kind} ${ref.id}`);
  }
}
