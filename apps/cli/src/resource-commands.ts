/** The commands about resources, and their flags. */
import {
  registerCommand,
  type RegisterFlags,
  registerOptions,
  resourcesCommand,
  resourcesFilter,
  type ResourcesFlags,
  resourceShowCommand,
} from './commands/resources.ts';
import { withClient } from './connection.ts';
import { parseResource } from './parse-args.ts';
import type { Commands } from './verb-commands.ts';

export function addResources({ add, group, choose, client }: Commands): void {
  add('resources', 'list the resources that changed last, where they lie in JetStream')
    .option('--kind <kind>', 'only of this kind')
    .option('--state <words>', 'only in these states, with commas between, such as ERRED')
    .option('--limit <n>', 'how many (default 100)')
    .action((flags: ResourcesFlags) => {
      const filter = resourcesFilter(flags);
      choose(
        flags,
        client((one, at) => resourcesCommand(one, filter, flags, at)),
      );
    });
  const resource = group('resource', 'one resource, where it lies in JetStream');
  add('show <kind/id>', 'show its state, its error and its data', resource).action((name: string, flags: { json?: true }) => {
    const ref = parseResource(name);
    choose(
      flags,
      client((one, at) => resourceShowCommand(one, ref, flags, at)),
    );
  });
  add('register <kind/id>', 'put it on the list, so that operations can have it; one that is there stays as it is', resource)
    .option('--data <json>', 'JSON, @file, or @- for the standard input')
    .option('--state <word>', 'CREATION_SCHEDULED, or OK for what is on the backend already (default CREATION_SCHEDULED)')
    .option('--backend-id <id>', 'its name on the backend')
    .option('--runtime-state <word>', 'what the backend says of it')
    .action((name: string, flags: RegisterFlags) => {
      const ref = parseResource(name);
      choose(flags, async (at, values) => {
        const options = await registerOptions(flags, at);
        return withClient(values, (one) => registerCommand(one, ref, options, flags, at));
      });
    });
}
