// Runs in an installed folder, as the program that owns the list of resources: inserts rows, or prints them.
//   node rows.mjs insert '[{"ref": …, "state": …, "data": …}]'      node rows.mjs show '[{"kind": …, "id": …}]'
import { createKvResourceStore } from '@troupe/jetstream';
import { connectRuntime } from '@troupe/runtime';

const [what, list] = process.argv.slice(2);
const { TROUPE_SERVERS: servers, TROUPE_USER: user, TROUPE_PASSWORD: pass, TROUPE_INBOX_PREFIX: inboxPrefix } = process.env;
const runtime = await connectRuntime({ connection: { servers, user, pass, inboxPrefix } });
const store = createKvResourceStore({ ...runtime, serverNow: () => runtime.serverNow() });
for (const item of JSON.parse(list)) {
  if (what === 'show') {
    console.log(JSON.stringify((await store.get(item)) ?? null));
    continue;
  }
  const { ref, state, data } = item;
  const outcome = await store.write({ op: 'create', ref, state, set: { data } }, { turn: 0, effect: `insert ${ref.kind}/${ref.id}` });
  if (!outcome.ok) throw new Error(JSON.stringify(outcome));
}
await runtime.stop();
