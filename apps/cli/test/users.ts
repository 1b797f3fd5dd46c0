/** A server with one user per role, each with exactly the rights of its role. */
import { readFileSync } from 'node:fs';
import { accountsConfig, authorizationConfig, type ConnectOptions, type Rights, rightsOf, rightsRoles } from '@troupe/jetstream';
import { createSubjects, type Subjects } from '@troupe/protocol';
import { startNatsServer, type TestNatsServer } from '@troupe/test-infra';

export type Layout = 'accounts' | 'authorization';

export interface Users extends AsyncDisposable {
  readonly server: TestNatsServer;
  readonly subjects: Subjects;
  readonly rights: readonly Rights[];
  /** How this user connects. */
  as(user: string): ConnectOptions;
  log(): string;
  /** Lines of the server's log that tell of a refusal. */
  violations(): string[];
}

/** Besides one user per role there is `worker-notes`, and `root`, who may do everything where the streams are. */
export async function startWithUsers(layout: Layout, ns = 'troupe'): Promise<Users> {
  const subjects = createSubjects(ns);
  const options = { subjects, partitions: 2 };
  const rights = [
    ...rightsRoles.map((role) => rightsOf(role, { ...options, pools: ['notes'] })),
    rightsOf('worker', { ...options, pools: ['other'] }),
  ];
  const users = rights.map((one) => ({ rights: one, password: '"secret"' }));
  const all = { user: 'root', inboxPrefix: '_INBOX.root', role: 'admin', publish: ['>'], subscribe: ['>'] } as const;
  const root = { rights: all, password: '"secret"' };
  const config = layout === 'accounts' ? accountsConfig([...users, root], subjects) : authorizationConfig([...users, root]);
  const server = await startNatsServer({ config });
  return {
    server,
    subjects,
    rights,
    as: (user) => ({ servers: server.url, user, pass: 'secret', inboxPrefix: `_INBOX.${user}` }),
    log: () => readFileSync(server.logFile, 'utf8'),
    violations: () =>
      readFileSync(server.logFile, 'utf8')
        .split('\n')
        .filter((line) => /violation/i.test(line)),
    [Symbol.asyncDispose]: () => server.stop(),
  };
}
