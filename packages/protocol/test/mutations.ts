/** Small damages to a message, as a broken or foreign sender makes them: one field gone, odd, added or of another type. */
import type { Json } from '@troupe/protocol';
import fc from 'fast-check';

type Path = readonly (string | number)[];

function pathsOf(value: unknown, at: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [at];
  const keys: (string | number)[] = Array.isArray(value) ? [...value.keys()] : Object.keys(value);
  return [at, ...keys.flatMap((key) => pathsOf((value as Record<string | number, unknown>)[key], [...at, key]))];
}

const odd: fc.Arbitrary<Json> = fc.oneof(
  fc.constantFrom<Json>(
    null,
    '',
    0,
    -1,
    1.5,
    2,
    true,
    false,
    [],
    {},
    'x',
    'reject',
    'regular',
    'succeeded',
    'base64',
    '_INBOX.*',
    '2026-13-01T00:00:00Z',
  ),
  fc.constantFrom<Json>(
    '2026-01-01',
    '2026-01-01T00:00:00',
    '2026-01-01T24:00:00Z',
    '2026-01-01T00:00:60Z',
    '2026-01-01T00:00:00.Z',
    'Nov 25 2026',
    [null],
    [''],
    { v: 1 },
  ),
  // around every limit of length, with characters of one and of two units
  fc
    .tuple(fc.constantFrom('a', 'ü', '😀', '\ud800'), fc.constantFrom(127, 128, 129, 256, 257, 512, 513, 1_024, 1_025))
    .map(([c, n]) => c.repeat(n)),
  fc.jsonValue({ maxDepth: 1 }) as fc.Arbitrary<Json>,
);
const known = [
  'v',
  'id',
  'kind',
  'key',
  'error',
  'code',
  'outcome',
  'resource',
  'resources',
  'options',
  'force',
  'replyTo',
  'fence',
  'cause',
  'patch',
  'topic',
  'headers',
];

/** A copy of the message with one or two places changed; the rest is as it was. */
export function mutated(message: unknown): fc.Arbitrary<unknown> {
  const paths = pathsOf(message);
  const change = fc.record({
    path: fc.constantFrom(...paths),
    how: fc.oneof(
      { weight: 2, arbitrary: fc.constant({ type: 'remove' as const }) },
      { weight: 5, arbitrary: odd.map((value) => ({ type: 'replace' as const, value })) },
      { weight: 2, arbitrary: fc.tuple(fc.constantFrom(...known), odd).map(([name, value]) => ({ type: 'add' as const, name, value })) },
    ),
  });
  return fc
    .array(change, { minLength: 1, maxLength: 2 })
    .map((changes) => changes.reduce((value, { path, how }) => apply(value, path, how), clone(message)));
}

type How = { type: 'remove' } | { type: 'replace'; value: Json } | { type: 'add'; name: string; value: Json };

function apply(root: unknown, path: Path, how: How): unknown {
  if (path.length === 0 && how.type !== 'add') return how.type === 'replace' ? how.value : root;
  let holder: unknown = root;
  const last = how.type === 'add' ? path.length : path.length - 1;
  for (const key of path.slice(0, last)) {
    if (typeof holder !== 'object' || holder === null) return root;
    holder = (holder as Record<string | number, unknown>)[key];
  }
  if (typeof holder !== 'object' || holder === null) return root;
  const target = holder as Record<string | number, unknown>;
  const key = how.type === 'add' ? how.name : path.at(-1)!;
  if (Array.isArray(target) && typeof key === 'string') return root;
  if (how.type === 'remove') {
    if (Array.isArray(target)) target.splice(Number(key), 1);
    else delete target[key];
  } else {
    // a copy: the odd values are shared, and a later change goes into the message
    Object.defineProperty(target, key, { value: clone(how.value), enumerable: true, configurable: true, writable: true });
  }
  return root;
}

function clone(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}
