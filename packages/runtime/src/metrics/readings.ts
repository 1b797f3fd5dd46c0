/**
 * Figures that are read from records when they are scraped. Several gauges come from one reading, which is used for a while: whoever scrapes
 * twice a second does not read all records twice a second. One that fails leaves its gauges without values, and is counted.
 */
import { Counter, Gauge, type Registry } from 'prom-client';

export interface Value {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface ReadGauge<T> {
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[];
  values(reading: T): Iterable<Value>;
}

export interface ReadingOptions<T> {
  /** Of the reading, in `troupe_metrics_failures_total`. */
  readonly what: string;
  /** Milliseconds for which one reading serves. */
  readonly forMs: number;
  readonly gauges: readonly ReadGauge<T>[];
  read(): Promise<T>;
}

export class Readings {
  private readonly registry: Registry;
  private readonly monotonic: () => number;
  private readonly failures: Counter<'what'>;

  constructor(registry: Registry, monotonic: () => number) {
    this.registry = registry;
    this.monotonic = monotonic;
    const help = 'Readings that failed: the server did not answer, or this user may not read';
    this.failures = new Counter({ name: 'troupe_metrics_failures_total', help, labelNames: ['what'], registers: [registry] });
  }

  add<T>({ what, forMs, gauges, read }: ReadingOptions<T>): void {
    let at = -Infinity;
    let last: Promise<T | undefined> = Promise.resolve(undefined);
    const reading = (): Promise<T | undefined> => {
      if (this.monotonic() - at >= forMs) {
        at = this.monotonic();
        last = read().catch(() => {
          this.failures.inc({ what });
          return undefined;
        });
      }
      return last;
    };
    this.failures.inc({ what }, 0);
    for (const { name, help, labels = [], values } of gauges) {
      const gauge: Gauge = new Gauge({
        name,
        help,
        labelNames: [...labels],
        registers: [this.registry],
        async collect(): Promise<void> {
          const found = await reading();
          gauge.reset();
          // without labels it would be 0 now, which nobody has read
          if (found === undefined) return gauge.remove();
          for (const { labels: of = {}, value } of values(found)) gauge.set(of, value);
        },
      });
    }
  }
}

/** Those with the highest values: labels that users name must not grow without a bound. */
export function highest(values: readonly Value[], most = 100): readonly Value[] {
  return [...values].sort((a, b) => b.value - a.value).slice(0, most);
}
