/** The command line, as a function: `run` never ends the process and touches nothing but its `Io`. */
export { exitCodes, type ExitCode } from './exit-codes.ts';
export type { Io } from './io.ts';
export { run } from './program.ts';
