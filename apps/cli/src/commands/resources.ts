/** `troupe resource`: the list of resources, where it lies in JetStream, and what is put on it. */
import type { Client, RegisterOptions } from '@troupe/client';
import type { JsonObject, ResourceRef } from '@troupe/protocol';
import { isLifeCycleState, lifeCycleStates } from '@troupe/resource';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import type { Io } from '../io.ts';
import { parseCount, parseInput, parseWords } from '../parse-args.ts';
import { age, errorText, jsonLine, oneLine, printable, table, time } from '../text.ts';

type Resource = NonNullable<Awaited<ReturnType<Client['resource']>>>;

export interface ResourcesFlags {
  readonly kind?: string;
  readonly state?: string;
  readonly limit?: string;
  readonly json?: true;
}

export interface ResourcesFilter {
  readonly kind: string | undefined;
  readonly states: readonly string[];
  readonly limit: number;
}

export function resourcesFilter({ kind, state, limit }: ResourcesFlags): ResourcesFilter {
  return {
    kind,
    states: state === undefined ? lifeCycleStates : parseWords(state, lifeCycleStates, 'state'),
    limit: limit === undefined ? 100 : parseCount(limit, 'limit'),
  };
}

export async function resourcesCommand(client: Client, filter: ResourcesFilter, flags: ResourcesFlags, io: Io): Promise<ExitCode> {
  // one that is written while the list is read comes twice, the newer one later
  const found = new Map<string, Resource>();
  for await (const record of client.resources(filter.kind)) {
    io.signal.throwIfAborted();
    const name = `${record.kind}/${record.id}`;
    found.delete(name);
    // a state that is none of ours was written by somebody else: it is shown unless it was asked for others
    if (filter.states.includes(record.state) || (flags.state === undefined && !isLifeCycleState(record.state))) found.set(name, record);
  }
  const last = [...found.values()].slice(-filter.limit).toReversed();
  if (flags.json === true) for (const record of last) io.out(jsonLine(shown(record)));
  else if (last.length === 0) io.err('no resources\n');
  else
    io.out(
      table([['RESOURCE', 'STATE', 'ON THE BACKEND', 'CHANGED', 'OPERATION', 'ERROR'], ...last.map((record) => row(record, io.now()))]),
    );
  return exitCodes.ok;
}

function row({ kind, id, state, runtimeState, modified, currentOperation, error }: Resource, now: number): string[] {
  return [`${kind}/${id}`, state, runtimeState || '-', `${age(modified, now)} ago`, currentOperation ?? '-', error?.message ?? ''].map(
    printable,
  );
}

export async function resourceShowCommand(client: Client, ref: ResourceRef, flags: { readonly json?: true }, io: Io): Promise<ExitCode> {
  const record = await client.resource(ref);
  if (flags.json === true) io.out(jsonLine(record === undefined ? null : shown(record)));
  else if (record === undefined) io.err(`there is no ${printable(`${ref.kind}/${ref.id}`)}\n`);
  else io.out(page(record));
  return exitCodes.ok;
}

function page(record: Resource): string {
  const { kind, id, state, runtimeState, backendId, error, action, actionDetails, currentOperation, data, modified } = record;
  const facts: [string, string | undefined][] = [
    ['resource', `${kind}/${id}`],
    ['state', state],
    ['on the backend', [runtimeState, backendId === '' ? '' : `(${backendId})`].filter((text) => text !== '').join(' ') || undefined],
    ['operation', currentOperation ?? undefined],
    ['action', action === '' ? undefined : `${action}${actionDetails === null ? '' : ` ${oneLine(actionDetails)}`}`],
    ['error', error === null ? undefined : errorText(error)],
    ['said to users', error?.userMessage],
    ['data', oneLine(data)],
    ['changed', time(modified)],
  ];
  return table(facts.flatMap(([name, value]) => (value === undefined ? [] : [[name, printable(value)]])));
}

/** Without what only the rules of writes need. */
function shown({ fence: _fence, rested: _rested, ...record }: Resource): object {
  return record;
}

export interface RegisterFlags {
  readonly data?: string;
  readonly state?: string;
  readonly backendId?: string;
  readonly runtimeState?: string;
  readonly json?: true;
}

export async function registerOptions({ data, state, backendId, runtimeState }: RegisterFlags, io: Io): Promise<RegisterOptions> {
  return {
    ...(data === undefined ? {} : { data: (await parseInput(data, io, 'data')) as JsonObject }),
    ...(state === undefined ? {} : { state: parseWords(state, ['CREATION_SCHEDULED', 'OK'] as const, 'state')[0]! }),
    ...(backendId === undefined ? {} : { backendId }),
    ...(runtimeState === undefined ? {} : { runtimeState }),
  };
}

export async function registerCommand(
  client: Client,
  ref: ResourceRef,
  options: RegisterOptions,
  flags: RegisterFlags,
  io: Io,
): Promise<ExitCode> {
  const { record, already } = await client.registerResource(ref, options);
  const name = printable(`${record.kind}/${record.id}`);
  if (flags.json === true) io.out(jsonLine({ ...shown(record), already }));
  else io.out(already ? `${name} is there already, ${printable(record.state)}\n` : `registered ${name}, ${record.state}\n`);
  return exitCodes.ok;
}
