/** `troupe operations`: the operations that changed last, one line each. */
import type { Client, OperationFilter, OperationInfo } from '@troupe/client';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import type { Io } from '../io.ts';
import { outcomes, parseCount, parseWords, statuses } from '../parse-args.ts';
import { age, jsonLine, printable, table } from '../text.ts';

export interface OperationsFlags {
  readonly status?: string;
  readonly outcome?: string;
  readonly executor?: string;
  readonly resource?: string;
  readonly limit?: string;
  readonly json?: true;
}

export function filterOf(flags: OperationsFlags): OperationFilter {
  const { status, outcome, executor, resource, limit } = flags;
  const slash = resource?.indexOf('/') ?? -1;
  return {
    ...(status === undefined ? {} : { status: parseWords(status, statuses, 'status') }),
    ...(outcome === undefined ? {} : { outcome: parseWords(outcome, outcomes, 'outcome') }),
    ...(executor === undefined ? {} : { executor }),
    ...(resource === undefined
      ? {}
      : { resource: slash < 0 ? { kind: resource } : { kind: resource.slice(0, slash), id: resource.slice(slash + 1) } }),
    ...(limit === undefined ? {} : { limit: parseCount(limit, 'limit') }),
  };
}

export async function operationsCommand(client: Client, filter: OperationFilter, flags: OperationsFlags, io: Io): Promise<ExitCode> {
  const found = await client.operations({ ...filter, signal: io.signal });
  if (flags.json === true) for (const info of found) io.out(jsonLine(info));
  else if (found.length === 0) io.err('no operations\n');
  else io.out(table([['ID', 'EXECUTOR', 'STATE', 'STEPS', 'AGE', 'RESOURCE', 'NOW'], ...found.map((info) => row(info, io.now()))]));
  return exitCodes.ok;
}

const reasons: Readonly<Record<NonNullable<OperationInfo['waitsOn']>, string>> = {
  lease: 'a throttle',
  timer: 'a timer',
  signal: 'a signal',
  resource: 'a resource',
  child: 'a child',
  store: 'the store',
};

/** The state in words: how it ended, what it waits for. */
export function stateOf({ state, outcome, waitsOn }: OperationInfo): string {
  if (state === 'quarantined') return state;
  return outcome ?? (waitsOn === undefined ? state : `${state} for ${reasons[waitsOn]}`);
}

function row(info: OperationInfo, now: number): string[] {
  const { id, executor, steps, resources, current, error, createdAt } = info;
  const [first, ...others] = resources;
  return [
    printable(id),
    printable(executor),
    stateOf(info),
    `${steps.done}/${steps.total}`,
    age(Date.parse(createdAt), now),
    first === undefined ? '-' : printable(`${first.kind}/${first.id}${others.length === 0 ? '' : ` +${others.length}`}`),
    printable(error?.message ?? current.map((node) => `${node.name} ${node.phase}`).join(', ')),
  ];
}
