/** What a benchmark is: sides that run interleaved, each in a process of its own on a server of its own, and figures against budgets. */

/** What one side measured in one round. */
export interface Result {
  readonly values: Readonly<Record<string, number>>;
  readonly cost?: Cost;
}

/** What the measured part took; per operation where it is printed. */
export interface Cost {
  readonly operations: number;
  /** Steps or tasks in all operations together. */
  readonly steps: number;
  readonly clientCpuSeconds: number;
  readonly serverCpuSeconds: number;
  /** Messages that the server received: publishes, acknowledgements, pulls, requests. */
  readonly serverMessages: number;
  readonly serverBytes: number;
  /** Largest resident set of the process of the side since its start. */
  readonly peakRssBytes: number;
  readonly serverRssBytes: number;
}

export interface ServerFacts {
  readonly url: string;
  readonly monitorUrl: string;
  readonly pid: number;
}

export interface SideContext {
  readonly server: ServerFacts;
  readonly isQuick: boolean;
  readonly input: Readonly<Record<string, number>>;
}

export type Side = (context: SideContext) => Promise<Result>;

/** Names an exported {@link Side} of a module in `sides/`. */
export interface SideRef {
  readonly label: string;
  readonly module: string;
  readonly run: string;
  readonly input?: Readonly<Record<string, number>>;
}

export interface Budget {
  readonly is: 'atLeast' | 'atMost';
  readonly value: number;
  readonly unit: 'ratio' | 'share' | 'ms' | 's';
  /** What is reached where the budget is missed, as docs/benchmarks.md says: `--check` holds that, so that it gets no worse unseen. */
  readonly reached?: number;
}

export interface Figure {
  readonly what: string;
  readonly budget: Budget;
  /** One value per round. */
  readonly perRound: readonly number[];
  /** The absolute values behind it, for people. */
  readonly behind: string;
}

/** Results of one round by label of the side. */
export type Round = Readonly<Record<string, Result>>;

export interface Scenario {
  readonly name: string;
  readonly title: string;
  /** How it is measured: one or two sentences for the page. */
  readonly how: string;
  readonly rounds: { readonly full: number; readonly check: number };
  sides(isQuick: boolean): readonly SideRef[];
  figures(rounds: readonly Round[]): readonly Figure[];
}

/** Value of a side in every round. */
export function each(rounds: readonly Round[], side: string, value: string): number[] {
  return rounds.map((round) => round[side]!.values[value]!);
}

/** Quotient of two sides, round by round. */
export function quotient(rounds: readonly Round[], value: string, over: string, under: string): number[] {
  return rounds.map((round) => round[over]!.values[value]! / round[under]!.values[value]!);
}

export const atLeast = (value: number, unit: Budget['unit'], reached?: number): Budget => budget('atLeast', value, unit, reached);
export const atMost = (value: number, unit: Budget['unit'], reached?: number): Budget => budget('atMost', value, unit, reached);

function budget(is: Budget['is'], value: number, unit: Budget['unit'], reached: number | undefined): Budget {
  return { is, value, unit, ...(reached === undefined ? {} : { reached }) };
}
