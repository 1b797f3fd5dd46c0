/** How every command connects: by flags, else by the environment. */
import { type Client, createClient } from '@troupe/client';
import * as jetstream from '@troupe/jetstream';
import { type ConnectionSetting, connectionSettings, type ConnectOptions } from '@troupe/jetstream';
import type { Duration } from '@troupe/protocol';
import type { Command } from 'commander';
import type { Io } from './io.ts';

const timeout: ConnectionSetting = {
  flag: 'timeout',
  takes: 'duration',
  env: 'TROUPE_TIMEOUT',
  text: 'how long to wait for an answer (default 10s)',
};

export type ConnectionValues = jetstream.ConnectionValues & { readonly timeout?: string };

export function addConnectionOptions(command: Command): Command {
  for (const setting of [...Object.values(connectionSettings), timeout]) if (setting.flag !== '') addOption(command, setting);
  return command;
}

export function addOption(command: Command, { flag, takes, text, env }: ConnectionSetting): Command {
  return command.option(`--${flag} <${takes}>`, `${text} [${env}]`);
}

/** Flags before the environment; an empty variable counts as absent. */
export function connectionValues(flags: ConnectionValues, io: Io): ConnectionValues {
  const given = flags.timeout ?? io.env[timeout.env];
  return { ...jetstream.connectionValues(flags, io.env), ...(given === undefined || given === '' ? {} : { timeout: given }) };
}

export function connectOptions(values: ConnectionValues): ConnectOptions {
  return jetstream.connectOptions(values, 'troupe command line');
}

/** Runs with a client that is stopped whatever happens. */
export async function withClient<T>(values: ConnectionValues, run: (client: Client) => Promise<T>, mayRead = true): Promise<T> {
  await using client = createClient(connectOptions(values), {
    mayRead,
    ...(values.ns === undefined ? {} : { ns: values.ns }),
    ...(values.timeout === undefined ? {} : { answerTimeout: values.timeout as Duration }),
  });
  await client.start();
  return await run(client);
}
