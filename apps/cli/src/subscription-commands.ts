/** The commands about subscriptions to EVENTS: what an administrator prepares for users who may only be handed events. */
import type { SubscriptionPlace } from '@troupe/client';
import { checkPlace } from '@troupe/client/internal';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import type { Io } from './io.ts';
import { collect, parseCount, parseWords } from './parse-args.ts';
import { jsonLine, printable } from './text.ts';
import type { Commands } from './verb-commands.ts';

interface PrepareFlags {
  readonly topic?: readonly string[];
  readonly from?: string;
  readonly inOrder?: true;
  readonly concurrency?: string;
  readonly json?: true;
}

export function addSubscriptions({ add, group, choose, client }: Commands): void {
  const subscription = group('subscription', 'places in the stored events, kept under a name');
  add('prepare <name>', 'make the place of a subscription, or change its topics: for users who may not do it themselves', subscription)
    .option(
      '--topic <words>',
      'first words of topics with / between, such as resource/volume; may be repeated (default: everything)',
      collect,
    )
    .option('--from <word>', 'where a new one begins: new or oldest (default new)')
    .option('--in-order', 'its events are handed out one after the other')
    .option('--concurrency <n>', 'events at once (default 16)')
    .action((name: string, flags: PrepareFlags) => {
      const place = placeOf(name, flags);
      choose(
        flags,
        client(async (one, at) => {
          await one.prepareSubscription(place);
          return tell(name, 'prepared', flags, at);
        }),
      );
    });
  add('remove <name>', 'give up the place: the name is as new', subscription).action((name: string, flags: { json?: true }) => {
    checkPlace({ name });
    choose(
      flags,
      client(async (one, at) => {
        await one.removeSubscription(name);
        return tell(name, 'removed', flags, at);
      }),
    );
  });
}

function placeOf(name: string, { topic, from, inOrder, concurrency }: PrepareFlags): SubscriptionPlace {
  const place = {
    name,
    ...(topic === undefined ? {} : { topics: topic.map((words) => words.split('/')) }),
    ...(from === undefined ? {} : { from: parseWords(from, ['new', 'oldest'] as const, 'from')[0]! }),
    ...(inOrder === undefined ? {} : { inOrder }),
    ...(concurrency === undefined ? {} : { concurrency: parseCount(concurrency, 'concurrency') }),
  };
  // before anything connects: a wrong flag is a wrong flag also where no server runs
  checkPlace(place);
  return place;
}

function tell(name: string, done: 'prepared' | 'removed', flags: { readonly json?: true }, io: Io): ExitCode {
  io.out(flags.json === true ? jsonLine({ subscription: name, done }) : `${done} ${printable(name)}\n`);
  return exitCodes.ok;
}
