/** What a command line touches of its process, so that tests run it without one. */
export interface Io {
  /** Without the name of the program. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  out(text: string): void;
  err(text: string): void;
  /** All of the standard input, for `@-`. */
  stdin(): Promise<string>;
  /** Epoch milliseconds. */
  now(): number;
  /** Aborts at Ctrl-C and SIGTERM. */
  readonly signal: AbortSignal;
}
