import { parseArgs } from 'node:util';
import { latencyNames } from './core/latency.ts';
import type { Latencies, LatencyName } from './core/latency.ts';
import { InvalidCloudOptionError } from './errors.ts';
import type { CloudOptions } from './options.ts';

/** Flags of the standalone cloud: name → what it sets. */
export const cloudFlags: Readonly<Record<string, string>> = Object.freeze({
  host: 'address to listen on (127.0.0.1)',
  port: 'port to listen on (any free one)',
  seed: 'decides ids and times (1)',
  'time-factor': 'multiplies every time: 0.02 runs fifty times quicker (1)',
  jitter: 'spread of every time, 0.3 is ± 30 % (0.3)',
  'instance-limit': 'servers that may be built at once (no limit)',
  'volume-limit': 'volumes that may be created at once (no limit)',
  latency: 'name=milliseconds, may be given several times',
  'log-capacity': 'calls and builds that the log keeps (100000 each)',
});

/** Reads the command line. @throws InvalidCloudOptionError for a value that is no number, or a latency that does not exist. */
export function parseCloudFlags(args: readonly string[]): { readonly help: boolean; readonly options: CloudOptions } {
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...Object.fromEntries(Object.keys(cloudFlags).map((name) => [name, { type: 'string', multiple: true } as const])),
      help: { type: 'boolean', short: 'h' },
    },
  });
  const texts = values as Readonly<Record<string, readonly string[] | undefined>>;
  const number = (flag: string): number | undefined => {
    const text = texts[flag]?.at(-1);
    return text === undefined ? undefined : toNumber(flag, text);
  };
  return {
    help: values['help'] === true,
    options: {
      host: texts['host']?.at(-1),
      port: number('port'),
      seed: number('seed'),
      timeFactor: number('time-factor'),
      jitter: number('jitter'),
      buildLimits: { instance: number('instance-limit'), volume: number('volume-limit') },
      latencies: latenciesOf(texts['latency'] ?? []),
      logCapacity: number('log-capacity'),
    },
  };
}

function latenciesOf(entries: readonly string[]): Partial<Latencies> {
  const latencies: Partial<Latencies> = {};
  for (const entry of entries) {
    const [name = '', text = ''] = entry.split('=');
    if (!isLatencyName(name)) throw new InvalidCloudOptionError('latency', `${name} is none of ${latencyNames.join(', ')}`);
    latencies[name] = toNumber(`latency ${name}`, text);
  }
  return latencies;
}

function isLatencyName(name: string): name is LatencyName {
  return (latencyNames as readonly string[]).includes(name);
}

function toNumber(flag: string, text: string): number {
  const value = Number(text);
  if (text.trim() === '' || Number.isNaN(value)) throw new InvalidCloudOptionError(flag, `must be a number, not '${text}'`);
  return value;
}
