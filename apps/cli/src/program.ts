/** The commands and their flags. What they do is in `commands/`. */
import type { Client } from '@troupe/client';
import { connectionSettings, rightsRoles } from '@troupe/jetstream';
import { isTroupeError, toWireError } from '@troupe/protocol';
import { Command, CommanderError } from 'commander';
import { executeCommand, type ExecuteFlags, requestOf } from './commands/execute.ts';
import { explainCommand } from './commands/explain.ts';
import { filterOf, operationsCommand, type OperationsFlags } from './commands/operations.ts';
import { permissionsCommand, type PermissionsFlags, rightsFrom } from './commands/permissions.ts';
import { queuesCommand } from './commands/queues.ts';
import { showCommand } from './commands/show.ts';
import { topologyCommand, type TopologyFlags, topologyOptions } from './commands/topology.ts';
import { appOf, levelToLog, portOf, upCommand, type UpFlags } from './commands/up.ts';
import { addConnectionOptions, addOption, type ConnectionValues, connectionValues, withClient } from './connection.ts';
import { addDead } from './dead-commands.ts';
import { type ExitCode, exitCodeOf, exitCodes } from './exit-codes.ts';
import type { Io } from './io.ts';
import { collect } from './parse-args.ts';
import { addResources } from './resource-commands.ts';
import { addSchedules } from './schedule-commands.ts';
import { addSubscriptions } from './subscription-commands.ts';
import { errorText, jsonLine, printable } from './text.ts';
import { addThrottles } from './throttle-commands.ts';
import { addVerbs } from './verb-commands.ts';
import { version } from './version.ts';

type Action = (io: Io, values: ConnectionValues) => Promise<ExitCode>;

/** Runs one command line; resolves with its exit code and never rejects. */
export async function run(io: Io): Promise<ExitCode> {
  const chosen: { action?: Action; flags?: ConnectionValues & { readonly json?: true } } = {};
  const program = build(io, (flags, action) => {
    chosen.flags = flags as ConnectionValues;
    chosen.action = action;
  });
  try {
    await program.parseAsync([...io.args], { from: 'user' });
    if (chosen.action === undefined) return exitCodes.ok;
    return await chosen.action(io, connectionValues(chosen.flags ?? {}, io));
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    if (io.signal.aborted && error === io.signal.reason) return exitCodes.interrupted;
    tellError(error, chosen.flags?.json === true, io);
    return exitCodeOf(error);
  }
}

function build(io: Io, choose: (flags: object, action: Action) => void): Command {
  const program = new Command('troupe');
  program
    .description('Sends commands to an installation of Troupe and shows its operations.')
    .version(version)
    .exitOverride()
    .showHelpAfterError('(see --help)')
    .configureOutput({ writeOut: (text) => io.out(text), writeErr: (text) => io.err(text) });

  const group = (name: string, text: string, parent = program): Command =>
    parent.command(name).description(text).exitOverride().copyInheritedSettings(program);
  const add = (name: string, text: string, parent = program): Command =>
    addConnectionOptions(group(name, text, parent).option('--json', 'one JSON object per line, for machines'));
  const client =
    (use: (client: Client, io: Io) => Promise<ExitCode>): Action =>
    (at, values) =>
      withClient(values, (one) => use(one, at));

  add('execute <executor>', 'ask for an operation')
    .option('--resource <kind/id>', 'the resource that it takes; may be repeated: all are taken or none', collect)
    .option('--input <json>', 'its input: JSON, @file, or @- for the standard input')
    .option('--id <id>', 'id of the operation; the same id again is the same operation (default: a random one)')
    .option('--force', 'where the executor knows it: do it in spite of the state')
    .option('--queue', 'wait behind the operation that has the resource, instead of being refused')
    .option('--class <class>', 'regular, heavy or background')
    .option('--context <name=value>', 'passed on to everything that the operation causes; may be repeated', collect)
    .option('--wait', 'wait for the end; the exit code tells whether it succeeded')
    .option('--send-only', 'this user may only send commands: the end is asked for by the same command again, and nothing is read')
    .action((executor: string, flags: ExecuteFlags) =>
      choose(flags, async (at, values) => {
        // before anything connects: a wrong flag is a wrong flag also where no server runs
        const request = await requestOf(executor, flags, at);
        return withClient(values, (one) => executeCommand(one, request, flags, at), flags.sendOnly !== true);
      }),
    );
  add('operations', 'list the operations that changed last')
    .option('--status <words>', 'accepting, running, cancelling, paused, parked, ended; several with commas')
    .option('--outcome <words>', 'succeeded, failed, cancelled, superseded, aborted, rejected; several with commas')
    .option('--executor <name>', 'only of this executor')
    .option('--resource <kind[/id]>', 'only of this resource or kind')
    .option('--limit <n>', 'how many (default 100)')
    .action((flags: OperationsFlags) => {
      const filter = filterOf(flags);
      choose(
        flags,
        client((one, at) => operationsCommand(one, filter, flags, at)),
      );
    });
  add('show <id>', 'show one operation').action((id: string, flags: { json?: true }) =>
    choose(
      flags,
      client((one, at) => showCommand(one, id, flags, at)),
    ),
  );
  add('explain <id>', 'tell why an operation is not finished yet').action((id: string, flags: { json?: true }) =>
    choose(
      flags,
      client((one, at) => explainCommand(one, id, flags, at)),
    ),
  );
  add('queues', 'show how much waits and for how long: tasks by class, commands, throttles, dead letters').action(
    (flags: { json?: true }) =>
      choose(
        flags,
        client((one, at) => queuesCommand(one, flags, at)),
      ),
  );
  const commands = { add, group, choose, client };
  addVerbs(commands, io);
  addSchedules(commands, io);
  addThrottles(commands, io);
  addDead(commands, io);
  addResources(commands);
  addSubscriptions(commands);
  const topology = group('topology', 'compare and repair streams and consumers');
  for (const [what, text] of [
    ['plan', 'show what is missing or different'],
    ['apply', 'create and repair; needs the rights of an administrator'],
  ] as const) {
    addConnectionOptions(group(what, text, topology))
      .option('--app <module>', 'the app whose pools are needed: a module that exports `app`')
      .option('--pools <names>', 'pools of workers, with commas between (default: default)')
      .option('--partitions <n>', 'partitions of mail (default 8)')
      .option('--replicas <n>', '1, 3 or 5 (default 1)')
      .option('--storage <kind>', 'file or memory (default file)')
      .option('--json', 'one JSON object per line, for machines')
      .action((flags: TopologyFlags) =>
        choose(flags, async (at, values) => topologyCommand(what, values, await topologyOptions(flags, values.ns), flags, at)),
      );
  }
  const permissions = group('permissions', 'print what each role may do on the server, as its configuration');
  addOption(permissions, connectionSettings.ns)
    .option('--role <names>', `of these only, with commas between: ${rightsRoles.join(', ')}`)
    .option('--app <module>', 'the app whose pools are needed: a module that exports `app`')
    .option('--pools <names>', 'pools of workers, with commas between (default: default)')
    .option('--classes <names>', 'classes that the workers serve (default: all)')
    .option('--partitions <n>', 'partitions of mail (default 8)')
    .option('--subscriptions <names>', 'of a subscriber, with commas between (default: the name of the user)')
    .option('--one-account', 'all users in one account, where reply subjects are not held to the permissions')
    .option('--json', 'one JSON object per user, for machines')
    .action((flags: PermissionsFlags) =>
      choose(flags, async (at, { ns }) => permissionsCommand(await rightsFrom(flags, ns), flags, ns, at)),
    );
  add('up', 'run an app with all that it needs in one process, until Ctrl-C')
    .option('--app <module>', 'a module that exports `app` [TROUPE_APP]')
    .option('--port <n>', 'port of its nats-server; 0 takes a free one (default 4222)')
    .option('--data <dir>', 'where its nats-server keeps its data (default: a temporary folder)')
    .option('--log <level>', 'what is told of tasks: debug, info, warn or error (default warn: attempts that fail)')
    .action((flags: UpFlags) => {
      const port = portOf(flags.port);
      levelToLog(flags.log);
      choose(flags, async (at, values) => upCommand(await appOf(flags, at), port, values, flags, at));
    });
  return program;
}

function tellError(error: unknown, json: boolean, io: Io): void {
  const { stack, ...wire } = toWireError(error);
  if (json) io.err(jsonLine({ error: wire }));
  // help of several lines stays readable, and none of them looks like a message of its own
  else io.err(`troupe: ${errorText(wire).split('\n').map(printable).join('\n  ')}\n`);
  // a defect is told with its place, a refusal is not one
  if (!isTroupeError(error) && !json && stack !== undefined) io.err(`${stack}\n`);
}
