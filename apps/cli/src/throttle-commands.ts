/** The commands about throttles, and their flags. */
import type { Command } from 'commander';
import {
  type OrderFlags,
  type RateFlags,
  rateOf,
  throttleOrderCommand,
  throttleShowCommand,
  type ThrottleShowFlags,
} from './commands/throttle.ts';
import type { Io } from './io.ts';
import { parseCount, parseLimit } from './parse-args.ts';
import type { Commands } from './verb-commands.ts';

export function addThrottles({ add, group, choose, client }: Commands, io: Io): void {
  const throttle = group('throttle', 'limits, rates and maintenance of a scope, and who waits for it');
  add('show <root>', 'show its limits and rates, and why each of the first that wait waits', throttle)
    .option('--waiters <n>', 'how many of them (default 20)')
    .action((root: string, flags: ThrottleShowFlags) => {
      const options = flags.waiters === undefined ? {} : { waiters: parseCount(flags.waiters, 'waiters') };
      choose(
        flags,
        client((one, at) => throttleShowCommand(one, root, options, flags, at)),
      );
    });
  const order = (name: string, text: string): Command => add(name, text, throttle).option('--by <name>', 'who wants it', io.env['USER']);
  order('limit <scope> <kind> <n>', 'set a limit from now on; 0 pauses, `default` is what is configured').action(
    (scope: string, kind: string, n: string, flags: OrderFlags) => {
      const limit = n === 'default' ? null : parseLimit(n, 'n');
      choose(
        flags,
        client((one, at) =>
          throttleOrderCommand(scope, `limit ${kind} ${n}`, flags, at, (why) => one.setLimit({ scope, kind, limit }, why)),
        ),
      );
    },
  );
  order('rate <scope> <name>', 'set a rate from now on')
    .option('--bucket <n>', 'so many at once, with --refill and --every')
    .option('--refill <n>', 'so many come back')
    .option('--every <duration>', 'in this time, such as 1s')
    .option('--window <duration>', 'in any time of this length, with --most')
    .option('--most <n>', 'at most so many')
    .option('--default', 'what is configured')
    .action((scope: string, name: string, flags: OrderFlags & RateFlags) => {
      const rate = rateOf(flags);
      choose(
        flags,
        client((one, at) => throttleOrderCommand(scope, `rate ${name}`, flags, at, (why) => one.throttles.setRate(scope, name, rate, why))),
      );
    });
  order('drain <scope>', 'maintenance: grant nothing more there and below; what is held ends as it would')
    .option('--reason <text>', 'shown to whoever asks why it waits')
    .action((scope: string, flags: OrderFlags) =>
      choose(
        flags,
        client((one, at) => throttleOrderCommand(scope, 'drain', flags, at, (why) => one.throttles.drain(scope, why))),
      ),
    );
  order('open <scope>', 'end the maintenance').action((scope: string, flags: OrderFlags) =>
    choose(
      flags,
      client((one, at) => throttleOrderCommand(scope, 'open', flags, at, (why) => one.throttles.open(scope, why))),
    ),
  );
}
