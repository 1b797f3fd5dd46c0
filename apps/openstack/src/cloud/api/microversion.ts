import { ApiError } from '../core/api-error.ts';

/** The microversions of a service: `major.0` (or whatever `minMinor` says) to `major.maxMinor`. */
export interface MicroversionRange {
  /** The service's type in the header `OpenStack-API-Version`: `compute`, `volume`. */
  readonly type: string;
  readonly major: number;
  readonly minMinor: number;
  readonly maxMinor: number;
  /** Nova's older header, which many clients still send. */
  readonly legacyHeader?: string;
}

/** The releases whose changes are served, as far as they touch the served subset: Train. */
export const novaVersions: MicroversionRange = Object.freeze({
  type: 'compute',
  major: 2,
  minMinor: 1,
  maxMinor: 79,
  legacyHeader: 'X-OpenStack-Nova-API-Version',
});

export const cinderVersions: MicroversionRange = Object.freeze({ type: 'volume', major: 3, minMinor: 0, maxMinor: 59 });

/** The minor number to serve; without a header the lowest one. */
export function negotiate(range: MicroversionRange, header: (name: string) => string | undefined): number {
  const wanted = requested(range, header);
  if (wanted === undefined) return range.minMinor;
  if (wanted === 'latest') return range.maxMinor;
  const match = /^(\d+)\.(\d+)$/.exec(wanted);
  if (match === null) {
    throw new ApiError(400, `API Version String ${wanted} is of invalid format. Must be of format MajorNum.MinorNum.`);
  }
  const major = Number(match[1]);
  const minor = Number(match[2]);
  if (major !== range.major || minor < range.minMinor || minor > range.maxMinor) {
    const { minMinor, maxMinor } = range;
    throw new ApiError(
      406,
      `Version ${wanted} is not supported by the API. Minimum is ${range.major}.${minMinor} and maximum is ${range.major}.${maxMinor}.`,
    );
  }
  return minor;
}

export function versionHeaders(range: MicroversionRange, minor: number): Record<string, string> {
  const version = `${range.major}.${minor}`;
  const legacy = range.legacyHeader;
  return {
    'OpenStack-API-Version': `${range.type} ${version}`,
    Vary: ['OpenStack-API-Version', legacy].filter((name) => name !== undefined).join(', '),
    ...(legacy === undefined ? {} : { [legacy]: version }),
  };
}

function requested(range: MicroversionRange, header: (name: string) => string | undefined): string | undefined {
  for (const entry of header('OpenStack-API-Version')?.split(',') ?? []) {
    const [type, version] = entry.trim().split(/\s+/);
    if (type?.toLowerCase() === range.type) return version;
  }
  return range.legacyHeader === undefined ? undefined : header(range.legacyHeader);
}
