/** Why a service could not start, in one line where somebody can do something about it. */
import { isTroupeError } from '@troupe/protocol';

const NO_JETSTREAM = 'no JetStream answers: start nats-server with -js, or let the account of this user have it';

/** What is none of ours, and no slip of the keyboard, is shown with its stack. */
export function startError(error: unknown): { readonly shown: unknown; readonly isUsage: boolean } {
  const { code, message } = error as { readonly code?: unknown; readonly message?: string };
  if (String(code).startsWith('ERR_PARSE_ARGS_')) return { shown: `invalid_options: ${message} (--help lists them)`, isUsage: true };
  const names = namesOf(error);
  // by name: an error of another copy of the client of NATS
  const isAbsent = names.includes('JetStreamNotEnabled') || names.includes('NoResponders') || names.includes('NoRespondersError');
  if (isTroupeError(error))
    return { shown: `${error.code}: ${error.message}${isAbsent ? `; ${NO_JETSTREAM}` : ''}`, isUsage: code === 'invalid_options' };
  if (isAbsent) return { shown: `unavailable: ${NO_JETSTREAM}`, isUsage: false };
  if (names.includes('TimeoutError')) return { shown: 'unavailable: the server did not answer in time', isUsage: false };
  return { shown: error, isUsage: false };
}

function namesOf(error: unknown): string[] {
  const names: string[] = [];
  for (let e = error; typeof e === 'object' && e !== null; e = (e as { cause?: unknown }).cause) {
    names.push(String((e as { name?: unknown }).name), String(e.constructor.name));
  }
  return names;
}
