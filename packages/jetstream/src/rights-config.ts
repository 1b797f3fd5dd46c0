/**
 * Rights as the configuration of a server.
 *
 * A permission holds for the subject of a message and says nothing of its reply subject: the server itself publishes there,
 * with all rights of the account (measured: a command whose reply subject was that of a record replaced the record by the
 * confirmation; a read whose reply subject was that of a verb became the verb). So whoever is not a host gets an account
 * of its own, in which no stream listens, and imports exactly what it may use: a reply subject then means something in
 * that account only.
 */
import type { Subjects } from '@troupe/protocol';
import type { Rights, RightsRole } from './rights.ts';

export interface ConfiguredUser {
  readonly rights: Rights;
  /** As it stands in the file: quoted, or a `$VARIABLE` of the server's environment. */
  readonly password: string;
}

/** The hosts and the administrator share the account of the streams. */
const AT_HOME: ReadonlySet<RightsRole> = new Set(['supervisor', 'throttle', 'scheduler', 'admin']);
/** Those who name an inbox in a command: hosts tell the answers there. */
const IS_ANSWERED: ReadonlySet<RightsRole> = new Set(['producer', 'operator']);

function homeAccount({ ns }: Pick<Subjects, 'ns'>): string {
  return ns.toUpperCase().replaceAll('-', '_');
}

/** An `accounts` block: one account for streams and hosts, one for each other user. Fails on a user that is named twice. */
export function accountsConfig(users: readonly ConfiguredUser[], subjects: Pick<Subjects, 'ns'>): string {
  const home = homeAccount(subjects);
  const guests = users.filter(({ rights }) => !AT_HOME.has(rights.role));
  const accountOf = (rights: Rights): string => `${home}_${rights.user.replaceAll(/[=-]/g, '_')}`;
  const exported = new Map<string, string[]>();
  for (const { rights } of guests)
    for (const { line } of borrowed(rights)) exported.set(line, [...(exported.get(line) ?? []), accountOf(rights)]);
  const exports = [...exported].map(([line, accounts]) => `{ ${line}, accounts: [${accounts.join(', ')}] }`);
  const atHome = users.filter(({ rights }) => AT_HOME.has(rights.role)).map(userBlock);
  const accounts = guests.map((user) => {
    const imports = borrowed(user.rights).map(({ type, subject }) => `{ ${type}: { account: ${home}, subject: "${subject}" } }`);
    return block(accountOf(user.rights), [list('users', [userBlock(user)]), list('imports', imports)]);
  });
  return `${block('accounts', [block(home, ['jetstream: enabled', list('users', atHome), list('exports', exports)]), ...accounts])}\n`;
}

/** An `authorization` block: all in one account. Reply subjects are not held to the permissions there. */
export function authorizationConfig(users: readonly ConfiguredUser[]): string {
  return `${block('authorization', [list('users', users.map(userBlock))])}\n`;
}

interface Borrowed {
  readonly type: 'service' | 'stream';
  readonly subject: string;
  /** How it stands among the exports. */
  readonly line: string;
}

/** What a guest uses of the account of the streams: what it publishes is asked there, what it hears comes from there. */
function borrowed({ role, inboxPrefix, publish, subscribe }: Rights): Borrowed[] {
  const inbox = `${inboxPrefix}.>`;
  const heard = subscribe.filter((subject) => subject !== inbox || IS_ANSWERED.has(role));
  return [
    ...publish.map((subject): Borrowed => {
      const many = answersOften(subject) ? ', response_type: stream' : '';
      return { type: 'service', subject, line: `service: "${subject}"${many}` };
    }),
    ...heard.map((subject): Borrowed => ({ type: 'stream', subject, line: `stream: "${subject}"` })),
  ];
}

/** A pull and a read of many are one request with many answers. */
function answersOften(subject: string): boolean {
  return subject.startsWith('$JS.API.CONSUMER.MSG.NEXT.') || /^\$JS\.API\.DIRECT\.GET\.[^.]+$/.test(subject);
}

function userBlock({ rights, password }: ConfiguredUser): string {
  const { user, publish, subscribe } = rights;
  const allowed = (subjects: readonly string[]): string =>
    `{ ${list(
      'allow',
      subjects.map((subject) => `"${subject}"`),
    )} }`;
  return `{ user: "${user}", password: ${password}, permissions: {\n${indent(`publish: ${allowed(publish)}\nsubscribe: ${allowed(subscribe)}`)}\n} }`;
}

function block(name: string, lines: readonly string[]): string {
  return `${name} {\n${indent(lines.join('\n'))}\n}`;
}

function list(name: string, entries: readonly string[]): string {
  return entries.length === 0 ? `${name}: []` : `${name}: [\n${indent(entries.join('\n'))}\n]`;
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, '  ');
}
