/** The commands about schedules, and their flags. */
import {
  scheduleDefineCommand,
  scheduleNextCommand,
  schedulesCommand,
  type SchedulesFlags,
  scheduleShowCommand,
  scheduleVerbCommand,
  scheduleVerbs,
} from './commands/schedules.ts';
import { withClient } from './connection.ts';
import type { Io } from './io.ts';
import { collect } from './parse-args.ts';
import { type DefineFlags, definitionOf } from './schedule-definition.ts';
import type { Commands } from './verb-commands.ts';

const ABOUT = {
  pause: 'start nothing of it any more; a run that lives goes on',
  resume: 'end a pause, also one that it made itself after a failure',
  run: 'run it once, now; not while a run lives',
  delete: 'delete it; a run that lives is cancelled',
};

export function addSchedules({ add, group, choose, client }: Commands, io: Io): void {
  add('schedules', 'list what runs periodically')
    .option('--deleted', 'those that were deleted in the last day as well')
    .option('--limit <n>', 'how many (default 100)')
    .action((flags: SchedulesFlags) =>
      choose(
        flags,
        client((one, at) => schedulesCommand(one, flags, at)),
      ),
    );
  const schedule = group('schedule', 'one schedule');
  add('show <key>', 'show it: why it does not run, when it will, and what became of its nominal times', schedule).action(
    (key: string, flags: { json?: true }) =>
      choose(
        flags,
        client((one, at) => scheduleShowCommand(one, key, flags, at)),
      ),
  );
  add('next <key>', 'tell its coming nominal times', schedule)
    .option('--count <n>', 'how many (default 5)')
    .action((key: string, flags: { count?: string; json?: true }) =>
      choose(
        flags,
        client((one, at) => scheduleNextCommand(one, key, flags, at)),
      ),
    );
  for (const verb of scheduleVerbs) {
    add(`${verb} <key>`, ABOUT[verb], schedule)
      .option('--reason <text>', 'told with it in EVENTS; that of a pause is shown')
      .option('--by <name>', 'who wants it', io.env['USER'])
      .action((key: string, flags: { by?: string; reason?: string; json?: true }) =>
        choose(
          flags,
          client((one, at) => scheduleVerbCommand(one, key, verb, flags, at)),
        ),
      );
  }
  add('define <key>', 'make it, or change it', schedule)
    .option('--cron <fields>', 'when: five fields, or six with seconds first')
    .option('--zone <name>', 'with --cron: a time zone, such as Europe/Berlin (default UTC)')
    .option('--gap <policy>', 'with --cron: a local time that does not exist: shift, boundary or skip')
    .option('--fold <policy>', 'with --cron: a local time that exists twice: first, second or both')
    .option('--every <duration>', 'when: elapsed time between two nominal times, such as 90m')
    .option('--execute <executor>', 'what: an operation')
    .option('--resource <kind/id>', 'with --execute: what it takes; may be repeated', collect)
    .option('--task <name>', 'what: a task')
    .option('--each <task>', 'what for: each object that this task lists, of the pool of --pool')
    .option('--kind <kind>', 'with --each and --execute: an operation takes the resource of this kind whose id is the key of the object')
    .option('--in-flight <n>', 'with --each: objects alive at a time (default 20)')
    .option('--per-second <n>', 'with --each: starts per second (default 50)')
    .option('--pool <name>', 'with --task: its pool of workers (default: default)')
    .option('--time-limit <duration>', 'with --task: of one attempt')
    .option('--attempts <n>', 'with --task: how many (default 5)')
    .option('--class <class>', 'regular, heavy or background (default: background for a task, that of the executor for an operation)')
    .option('--input <json>', 'its input: JSON, @file, or @- for the standard input')
    .option('--missed <policy>', 'nominal times nobody was there for: skip, latest (default) or all:<n>')
    .option('--late-after <duration>', 'so much too late is missed (default 1m)')
    .option('--overlap <policy>', 'a run lives: skip (default), bufferOne or cancelPrevious')
    .option('--penalty-cap <n>', 'nominal times passed over after failures, at the most (default 3)')
    .option('--breaker <n:pause>', 'after n failures in a row nothing runs for so long: 3:10m; for all schedules of a scope: 3:10m:scope')
    .option('--pause-on <codes>', 'failures that pause it until it is resumed: any, or codes with commas')
    .option('--alarm-after <duration>', 'nothing has succeeded for so long: told as overdue')
    .option('--jitter <duration>', 'each run starts up to so much later, by chance')
    .option('--spread <duration>', 'it starts later by a share of this that depends on its key')
    .option('--unchecked', 'take it though the schedulers know no such task or executor, or its schema refuses the input')
    .option('--by <name>', 'who wants it', io.env['USER'])
    .action((key: string, flags: DefineFlags) =>
      choose(flags, async (at, values) => {
        const options = await definitionOf(flags, at);
        return withClient(values, (one) => scheduleDefineCommand(one, key, options, flags, at));
      }),
    );
}
