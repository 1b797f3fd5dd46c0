/** A backend that is made of what a test says: how long a call takes, which one fails, what vanishes, what words it uses. */
import { setTimeout as sleep } from 'node:timers/promises';

export interface Call {
  /** What was asked for, as `vm.create`. */
  readonly verb: string;
  /** The object. */
  readonly name: string;
}

interface Thing {
  /** Words that looks are told one after the other; the last one stays. */
  words: string[];
  /** Facts that looks are told. */
  facts: Readonly<Record<string, unknown>>;
}

interface Fault {
  readonly verb: string;
  left: number;
  readonly error: () => Error;
}

export interface FakeBackend {
  /** All calls, oldest first. */
  readonly calls: readonly Call[];
  /** The same as text; looks that repeat each other are one. */
  steps(): string[];
  count(verb: string): number;
  /** How long calls take from now on, of one verb or of all. */
  latency(ms: number, verb?: string): void;
  /** The k-th call from now fails, whatever it is. */
  failAt(k: number, error?: () => Error): void;
  /** The next calls of a verb fail, or (with `after`) happen and fail nevertheless. */
  fail(verb: string, error: () => Error, times?: number): void;
  loseAnswer(verb: string, error: () => Error, times?: number): void;
  /** What looks at an object are told, one after the other. */
  say(name: string, ...words: string[]): void;
  tell(name: string, facts: Readonly<Record<string, unknown>>): void;
  vanish(name: string): void;
  has(name: string): boolean;
  names(prefix?: string): string[];
  /** A call that changes something: `effect` happens once it is through. */
  change<T>(verb: string, name: string, effect: () => T): Promise<T>;
  /** A look. Undefined = there is no such object. */
  look(verb: string, name: string): Promise<{ readonly word: string; readonly facts: Readonly<Record<string, unknown>> } | undefined>;
  make(name: string, words: readonly string[], facts?: Readonly<Record<string, unknown>>): void;
  remove(name: string): void;
  /** Most calls under way at once. */
  readonly peak: number;
}

export function createFakeBackend(): FakeBackend {
  const things = new Map<string, Thing>();
  const calls: Call[] = [];
  const faults: Fault[] = [];
  const lost: Fault[] = [];
  const latencies = new Map<string, number>();
  let failing: { at: number; error: () => Error } | undefined;
  let running = 0;
  let peak = 0;
  const broken = (): Error => Object.assign(new Error('the backend says no'), { code: 'backend_error', retryable: false });
  const take = (list: Fault[], verb: string): Fault | undefined => {
    const fault = list.find((one) => one.verb === verb && one.left > 0);
    if (fault !== undefined) fault.left--;
    return fault;
  };

  async function call<T>(verb: string, name: string, effect: () => T): Promise<T> {
    calls.push({ verb, name });
    const isFailing = failing?.at === calls.length ? failing : undefined;
    const fault = take(faults, verb);
    peak = Math.max(peak, ++running);
    try {
      const ms = latencies.get(verb) ?? latencies.get('') ?? 0;
      if (ms > 0) await sleep(ms);
      if (isFailing !== undefined) throw isFailing.error();
      if (fault !== undefined) throw fault.error();
      const result = effect();
      const answer = take(lost, verb);
      if (answer !== undefined) throw answer.error();
      return result;
    } finally {
      running--;
    }
  }

  return {
    calls,
    steps: () => calls.map(({ verb, name }) => `${verb} ${name}`).filter((text, i, all) => all[i - 1] !== text),
    count: (verb) => calls.filter((one) => one.verb === verb).length,
    latency: (ms, verb = '') => void latencies.set(verb, ms),
    failAt(k, error = broken) {
      failing = { at: calls.length + k, error };
    },
    fail: (verb, error, times = 1) => void faults.push({ verb, left: times, error }),
    loseAnswer: (verb, error, times = 1) => void lost.push({ verb, left: times, error }),
    say(name, ...words) {
      things.set(name, { facts: things.get(name)?.facts ?? {}, words });
    },
    tell(name, facts) {
      things.set(name, { words: things.get(name)?.words ?? [''], facts: { ...things.get(name)?.facts, ...facts } });
    },
    vanish: (name) => void things.delete(name),
    has: (name) => things.has(name),
    names: (prefix = '') => [...things.keys()].filter((name) => name.startsWith(prefix)).sort(),
    change: call,
    look: (verb, name) =>
      call(verb, name, () => {
        const thing = things.get(name);
        if (thing === undefined) return undefined;
        const word = thing.words.length > 1 ? thing.words.shift()! : (thing.words[0] ?? '');
        return { word, facts: thing.facts };
      }),
    make(name, words, facts = {}) {
      if (!things.has(name)) things.set(name, { words: [...words], facts });
    },
    remove: (name) => void things.delete(name),
    get peak() {
      return peak;
    },
  };
}
