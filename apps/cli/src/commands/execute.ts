/** `troupe execute`: asks for an operation, and with `--wait` for its end. */
import type { AnsweredOperation, Client, ExecuteRequest, OperationEnd } from '@troupe/client';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import type { Io } from '../io.ts';
import { parseClass, parseContext, parseInput, parseResource } from '../parse-args.ts';
import { errorText, jsonLine, oneLine } from '../text.ts';

export interface ExecuteFlags {
  readonly resource?: readonly string[];
  readonly input?: string;
  readonly id?: string;
  readonly force?: true;
  readonly queue?: true;
  readonly class?: string;
  readonly context?: readonly string[];
  readonly wait?: true;
  readonly sendOnly?: true;
  readonly json?: true;
}

export async function requestOf(executor: string, flags: ExecuteFlags, io: Io): Promise<ExecuteRequest<string>> {
  const resources = (flags.resource ?? []).map((text) => parseResource(text));
  const options = {
    ...(flags.force === undefined ? {} : { force: true }),
    ...(flags.queue === undefined ? {} : { onConflict: 'queue' as const }),
    ...(flags.class === undefined ? {} : { class: parseClass(flags.class) }),
  };
  return {
    executor,
    ...(resources.length === 0 ? {} : resources.length === 1 ? { resource: resources[0]! } : { resources }),
    ...(flags.input === undefined ? {} : { input: await parseInput(flags.input, io) }),
    ...(flags.id === undefined ? {} : { id: flags.id }),
    ...(flags.context === undefined ? {} : { context: parseContext(flags.context) }),
    ...(Object.keys(options).length === 0 ? {} : { options }),
  };
}

export async function executeCommand(client: Client, request: ExecuteRequest<string>, flags: ExecuteFlags, io: Io): Promise<ExitCode> {
  const operation = await client.execute(request, { signal: io.signal });
  tellAnswer(operation, flags, io);
  if (operation.answer.answer === 'rejected') return exitCodes.refused;
  if (flags.wait === undefined) return exitCodes.ok;
  return tellEnd(operation.id, await operation.ended({ signal: io.signal }), flags, io);
}

function tellAnswer({ id, answer }: AnsweredOperation, flags: ExecuteFlags, io: Io): void {
  if (flags.json === true) {
    io.out(jsonLine({ ...answer, operation: id }));
    return;
  }
  if (answer.answer === 'rejected') io.err(`rejected ${id}: ${errorText(answer.error)}\n`);
  else if (answer.answer === 'queued') io.out(`queued ${id} behind ${answer.behind}\n`);
  else if (answer.answer === 'duplicate') io.out(`duplicate ${id} (${answer.status})\n`);
  else io.out(`accepted ${id}\n`);
}

export function tellEnd(id: string, end: OperationEnd, flags: { readonly json?: true }, io: Io): ExitCode {
  const { outcome, output, error } = end;
  if (flags.json === true) {
    io.out(jsonLine({ v: 1, operation: id, answer: 'ended', ...end }));
  } else {
    io.out(`${outcome} ${id}${output === undefined || output === null ? '' : ` ${oneLine(output)}`}\n`);
    if (error !== undefined) io.err(`${errorText(error)}\n`);
  }
  return outcome === 'succeeded' ? exitCodes.ok : exitCodes.endedBadly;
}
