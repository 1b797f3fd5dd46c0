/** The commands that order something of an operation, and their flags. */
import type { Client } from '@troupe/client';
import { type Json, TroupeError } from '@troupe/protocol';
import type { Command } from 'commander';
import { bulkCommand, type BulkFlags } from './commands/bulk.ts';
import { filterOf } from './commands/operations.ts';
import { verbCommand, type VerbFlags, whyOf } from './commands/verbs.ts';
import { type ConnectionValues, withClient } from './connection.ts';
import type { ExitCode } from './exit-codes.ts';
import type { Io } from './io.ts';
import { parseInput } from './parse-args.ts';

type Action = (io: Io, values: ConnectionValues) => Promise<ExitCode>;
type Send = (client: Client, io: Io, value: Json | undefined) => Promise<void>;

/** What the program gives its commands. */
export interface Commands {
  /** Adds a command, to the program or to a group of it. */
  add(name: string, text: string, to?: Command): Command;
  /** Adds a group of commands. */
  group(name: string, text: string): Command;
  choose(flags: object, action: Action): void;
  client(use: (client: Client, io: Io) => Promise<ExitCode>): Action;
}

export function addVerbs({ add, choose, client }: Commands, io: Io): void {
  const addVerb = (name: string, text: string): Command =>
    add(name, text)
      .option('--reason <text>', 'kept with the operation')
      .option('--by <name>', 'who wants it; kept with the operation', io.env['USER'])
      .option('--wait', 'wait for the end');
  /** What `json` names is read before anything connects: a wrong flag is a wrong flag also where no server runs. */
  const order = (id: string, name: string, flags: VerbFlags, send: Send, more: { about?: string; json?: string } = {}): void =>
    choose(flags, async (at, values) => {
      const text = (flags as Readonly<Record<string, string | undefined>>)[more.json ?? ''];
      const value = more.json === undefined || text === undefined ? undefined : await parseInput(text, at, more.json);
      return withClient(values, (one) => verbCommand(one, id, { name, about: more.about, send: () => send(one, at, value) }, flags, at));
    });
  const orderAll = (verb: 'retry' | 'cancel', flags: BulkFlags): void => {
    // without the flag a forgotten id would be an order to all
    if (flags.all !== true) throw new TroupeError('invalid_options', `${verb} needs an id, or --all`, { field: 'id' });
    const filter = filterOf(flags);
    choose(
      flags,
      client((one, at) => bulkCommand(one, verb, filter, flags, at)),
    );
  };
  const addAll = (command: Command): Command =>
    command
      .option('--all', 'all that the filter fits, instead of one')
      .option('--dry-run', 'with --all: count and order nothing')
      .option('--rate <n>', 'with --all: so many a second (default 50)')
      .option('--executor <name>', 'with --all: only of this executor')
      .option('--error <code>', 'with --all: only those that ended with this error')
      .option('--resource <kind[/id]>', 'with --all: only of this resource or kind')
      .option('--limit <n>', 'with --all: at most so many (default: no limit)');
  addAll(addVerb('cancel [id]', 'order the end of an operation; what it can take back is taken back'))
    .option('--keep', 'take nothing back')
    .action((id: string | undefined, flags: BulkFlags & { keep?: true }) =>
      id === undefined
        ? orderAll('cancel', flags)
        : order(id, 'cancel', flags, (one, at) =>
            one.cancel(id, { ...whyOf(flags, at), ...(flags.keep === undefined ? {} : { compensate: false }) }),
          ),
    );
  addAll(addVerb('retry [id]', 'let an operation that did not end well go on from where it stood'))
    .option('--skip <step>', 'pass over this step instead of running it again')
    .option('--output <json>', 'with --skip: its output: JSON, @file, or @- for the standard input')
    .action((id: string | undefined, flags: BulkFlags & { skip?: string }) =>
      id === undefined
        ? orderAll('retry', flags)
        : order(
            id,
            'retry',
            flags,
            (one, at, output) =>
              one.retry(id, {
                ...whyOf(flags, at),
                ...(flags.skip === undefined ? {} : { skip: flags.skip }),
                ...(output === undefined ? {} : { output }),
              }),
            { json: 'output' },
          ),
    );
  addVerb('pause <id>', 'let what runs end and start nothing new').action((id: string, flags: VerbFlags) =>
    order(id, 'pause', flags, (one, at) => one.pause(id, whyOf(flags, at))),
  );
  addVerb('resume <id>', 'end a pause; let a parked operation look again').action((id: string, flags: VerbFlags) =>
    order(id, 'resume', flags, (one, at) => one.resume(id, whyOf(flags, at))),
  );
  addVerb('skip <id> <step>', 'pass over a step as if it had succeeded')
    .option('--output <json>', 'what later steps find as its output: JSON, @file, or @- for the standard input')
    .action((id: string, step: string, flags: VerbFlags & { output?: string }) =>
      order(
        id,
        'skip',
        flags,
        (one, at, output) => one.skip(id, step, { ...whyOf(flags, at), ...(output === undefined ? {} : { output }) }),
        {
          about: step,
          json: 'output',
        },
      ),
    );
  addVerb('kill <id>', 'end it at once, without handlers and without taking anything back').action((id: string, flags: VerbFlags) =>
    order(id, 'kill', flags, (one, at) => one.kill(id, whyOf(flags, at))),
  );
  addVerb('signal <id> <name>', 'answer a wait for a signal')
    .option('--data <json>', 'what comes with it: JSON, @file, or @- for the standard input')
    .action((id: string, name: string, flags: VerbFlags & { data?: string }) =>
      order(
        id,
        'signal',
        flags,
        (one, at, data) => one.signal(id, name, { ...whyOf(flags, at), ...(data === undefined ? {} : { data }) }),
        {
          about: name,
          json: 'data',
        },
      ),
    );
}
