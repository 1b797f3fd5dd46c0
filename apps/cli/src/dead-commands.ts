/** The commands about what could not be handled. */
import {
  deadListCommand,
  type DeadListFlags,
  deadReplayCommand,
  type DeadReplayFlags,
  deadShowCommand,
  releaseCommand,
} from './commands/dead.ts';
import type { Io } from './io.ts';
import { parseCount } from './parse-args.ts';
import type { Commands } from './verb-commands.ts';

export function addDead({ add, group, choose, client }: Commands, io: Io): void {
  add('release <entity>', 'let an entity go on that is quarantined: kind/key, such as operation/<id> or throttle/<scope>')
    .option('--by <name>', 'who wants it', io.env['USER'])
    .action((entity: string, flags: DeadReplayFlags) =>
      choose(
        flags,
        client((one, at) => releaseCommand(one, entity, flags, at)),
      ),
    );
  const dead = group('dead', 'what could not be handled');
  add('list', 'list the newest dead letters', dead)
    .option('--origin <words>', 'first words of the origin, such as command or mail/operation/<id>')
    .option('--open', 'only those that were not replayed')
    .option('--limit <n>', 'how many are looked at (default 100)')
    .action((flags: DeadListFlags) =>
      choose(
        flags,
        client((one, at) => deadListCommand(one, flags, at)),
      ),
    );
  add('show <no>', 'show one with its headers and body', dead).action((no: string, flags: { json?: true }) => {
    const sequence = parseCount(no, 'no');
    choose(
      flags,
      client((one, at) => deadShowCommand(one, sequence, flags, at)),
    );
  });
  add('replay <no...>', 'send them again as they were first sent; a second time does nothing', dead)
    .option('--by <name>', 'who wants it; kept with the letter', io.env['USER'])
    .action((numbers: string[], flags: DeadReplayFlags) => {
      const sequences = numbers.map((no) => parseCount(no, 'no'));
      choose(
        flags,
        client((one, at) => deadReplayCommand(one, sequences, flags, at)),
      );
    });
}
