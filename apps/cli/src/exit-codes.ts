/** Exit codes: they only grow, for scripts rely on them. The README lists them, and a test holds both equal. */
import { isTroupeError } from '@troupe/protocol';

export const exitCodes = {
  ok: 0,
  /** The operation ended, but not with success. */
  endedBadly: 1,
  /** A flag, an argument or an input is wrong. */
  usage: 2,
  /** Refused: the command was rejected, or there is no such operation. */
  refused: 3,
  /** Not answered in time: it may have been taken. The same id may be sent again. */
  unanswered: 4,
  /** The server does not answer, or this user may not. */
  unavailable: 5,
  /** A defect. */
  defect: 70,
  /** Ctrl-C: the waiting ended, the operation goes on. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

export function exitCodeOf(error: unknown): ExitCode {
  if (!isTroupeError(error)) return exitCodes.defect;
  switch (error.code) {
    case 'invalid_options':
    case 'too_large':
      return exitCodes.usage;
    case 'unanswered':
      return exitCodes.unanswered;
    case 'unavailable':
    case 'overloaded':
    case 'not_permitted':
    case 'topology_mismatch':
      return exitCodes.unavailable;
    case 'internal':
      return exitCodes.defect;
    default:
      return exitCodes.refused;
  }
}
