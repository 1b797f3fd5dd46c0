/** `troupe permissions`: what each role may do, as the configuration of a nats-server or as JSON. */
import { accountsConfig, authorizationConfig, type Rights, rightsOf, type RightsRole, rightsRoles } from '@troupe/jetstream';
import { createSubjects, type QueueClass, queueClasses } from '@troupe/protocol';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import type { Io } from '../io.ts';
import { parseCount, parseWords } from '../parse-args.ts';
import { jsonLine } from '../text.ts';
import { poolsFrom } from './topology.ts';

export interface PermissionsFlags {
  readonly role?: string;
  readonly app?: string;
  readonly pools?: string;
  readonly classes?: string;
  readonly partitions?: string;
  readonly subscriptions?: string;
  readonly oneAccount?: true;
  readonly json?: true;
}

/** Which users: one per role, and for workers one per pool. */
export async function rightsFrom(flags: PermissionsFlags, ns: string | undefined): Promise<Rights[]> {
  const subjects = createSubjects(ns);
  const roles = flags.role === undefined ? rightsRoles : parseWords<RightsRole>(flags.role, rightsRoles, 'role');
  const pools = (await poolsFrom(flags)) ?? ['default'];
  const classes = flags.classes === undefined ? queueClasses : parseWords<QueueClass>(flags.classes, queueClasses, 'classes');
  const common = {
    subjects,
    classes,
    ...(flags.subscriptions === undefined ? {} : { subscriptions: flags.subscriptions.split(',').map((name) => name.trim()) }),
    ...(flags.partitions === undefined ? {} : { partitions: parseCount(flags.partitions, 'partitions') }),
  };
  return roles.flatMap((role) =>
    role === 'worker' || role === 'sender'
      ? pools.map((pool) => rightsOf(role, { ...common, pools: [pool] }))
      : [rightsOf(role, { ...common, pools })],
  );
}

export function permissionsCommand(rights: readonly Rights[], flags: PermissionsFlags, ns: string | undefined, io: Io): ExitCode {
  if (flags.json === true) {
    for (const one of rights) io.out(jsonLine(one));
    return exitCodes.ok;
  }
  const users = rights.map((one) => ({ rights: one, password: `$${passwordVariable(one)}` }));
  io.out(
    users
      .map(({ rights: one, password }) => `# ${one.role}: user ${one.user}, inbox prefix ${one.inboxPrefix}, password ${password}\n`)
      .join(''),
  );
  if (flags.oneAccount !== true) {
    io.out(accountsConfig(users, createSubjects(ns)));
    return exitCodes.ok;
  }
  io.out('# In one account a reply subject reaches every stream: only for users that trust each other.\n');
  io.out(authorizationConfig(users));
  return exitCodes.ok;
}

/** A variable of the environment in which the server starts: passwords have no place in a file that is shown around. */
function passwordVariable({ user }: Rights): string {
  return `TROUPE_PASSWORD_${user.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_')}`;
}
