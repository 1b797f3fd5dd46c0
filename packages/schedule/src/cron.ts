/**
 * Cron expressions of five fields (minute, hour, day of month, month, day of week) or six (seconds first). Numbers, lists,
 * ranges, steps, `*`, names of months and days, and the usual `@daily` and its like. As in every cron, two restricted day
 * fields are joined by "or". What is not understood is refused by the name of its field, never guessed.
 */
import { refuse } from './refuse.ts';

export interface CronFields {
  /** Ascending, without doubles; as all lists here. */
  readonly seconds: readonly number[];
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  readonly daysOfMonth: readonly number[];
  /** 1 to 12. */
  readonly months: readonly number[];
  /** 0 (Sunday) to 6. */
  readonly daysOfWeek: readonly number[];
  /** The hour field is `*`: an hourly or finer kind, which goes by elapsed time. */
  readonly everyHour: boolean;
  /** Which of the day fields say something other than `*`. */
  readonly restricted: { readonly dayOfMonth: boolean; readonly dayOfWeek: boolean };
}

interface FieldRule {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly names?: readonly string[];
  /** Number of the first name. */
  readonly firstName?: number;
}

const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const DAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];
/** In a leap year: the 29th of February is a date, if a rare one. */
const LONGEST = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

const SECOND: FieldRule = { name: 'second', min: 0, max: 59 };
const RULES: readonly FieldRule[] = [
  { name: 'minute', min: 0, max: 59 },
  { name: 'hour', min: 0, max: 23 },
  { name: 'dayOfMonth', min: 1, max: 31 },
  { name: 'month', min: 1, max: 12, names: MONTHS, firstName: 1 },
  { name: 'dayOfWeek', min: 0, max: 7, names: DAYS, firstName: 0 },
];

const SHORTHANDS: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};

/** Throws `invalid_options` whose `field` is `<field>.hour` and the like, or `field` where the whole is wrong. */
export function parseCron(text: string, field = 'cron'): CronFields {
  if (typeof text !== 'string' || text.length > 1_000) refuse(field, 'must be text such as "0 3 * * MON-FRI"');
  const trimmed = text.trim();
  const full = trimmed.startsWith('@') ? SHORTHANDS[trimmed.toLowerCase()] : trimmed;
  if (full === undefined) refuse(field, `${JSON.stringify(trimmed)} is none of ${Object.keys(SHORTHANDS).join(', ')}`);
  const parts = full.split(/\s+/);
  if (parts.length !== 5 && parts.length !== 6) {
    refuse(field, `${JSON.stringify(text)} has ${trimmed === '' ? 0 : parts.length} fields; there must be five, or six with seconds first`);
  }
  const [second, ...rest] = parts.length === 6 ? parts : ['0', ...parts];
  const [minutes, hours, daysOfMonth, months, daysOfWeek] = RULES.map((rule, i) => parseField(rest[i]!, rule, field));
  const isOpen = (part: string | undefined): boolean => part === '*' || part === '?';
  const fields: CronFields = {
    seconds: parseField(second!, SECOND, field),
    minutes: minutes!,
    hours: hours!,
    daysOfMonth: daysOfMonth!,
    months: months!,
    daysOfWeek: sorted(daysOfWeek!.map((day) => day % 7)),
    everyHour: rest[1] === '*',
    restricted: { dayOfMonth: !isOpen(rest[2]), dayOfWeek: !isOpen(rest[4]) },
  };
  if (!fields.restricted.dayOfWeek && !fields.months.some((month) => fields.daysOfMonth[0]! <= LONGEST[month - 1]!)) {
    refuse(`${field}.dayOfMonth`, `no month of ${JSON.stringify(rest[3])} has a day ${rest[2]}`);
  }
  return fields;
}

function parseField(text: string, rule: FieldRule, field: string): readonly number[] {
  const found: number[] = [];
  for (const part of text.split(',')) {
    const match = /^(\*|\?|\w+)(?:-(\w+))?(?:\/(\d{1,4}))?$/.exec(part);
    if (match === null) refuse(`${field}.${rule.name}`, `${JSON.stringify(part)} is no number, range or step`);
    const [, first = '', last, stepText] = match;
    if (first === '?' && !rule.name.startsWith('day')) refuse(`${field}.${rule.name}`, '"?" is for the days only');
    const isOpen = first === '*' || first === '?';
    if (isOpen && last !== undefined) refuse(`${field}.${rule.name}`, `${JSON.stringify(part)} is no range`);
    const step = stepText === undefined ? 1 : Number(stepText);
    if (step === 0) refuse(`${field}.${rule.name}`, `${JSON.stringify(part)}: a step is at least 1`);
    const from = isOpen ? rule.min : valueOf(first, rule, field);
    // "5/15" is "from 5 on, every 15"
    const to = last !== undefined ? valueOf(last, rule, field) : isOpen || stepText !== undefined ? openEnd(rule) : from;
    if (from > to) refuse(`${field}.${rule.name}`, `${JSON.stringify(part)}: a range goes upwards`);
    for (let value = from; value <= to; value += step) found.push(value);
  }
  return sorted(found);
}

/** Sunday is 0 and 7: a step over the whole week must not count it twice. */
function openEnd(rule: FieldRule): number {
  return rule.name === 'dayOfWeek' ? 6 : rule.max;
}

function valueOf(text: string, rule: FieldRule, field: string): number {
  const named = rule.names?.indexOf(text.toUpperCase()) ?? -1;
  const value = named >= 0 ? named + rule.firstName! : /^\d{1,2}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= rule.min && value <= rule.max)) {
    const names = rule.names === undefined ? '' : ` or ${rule.names[0]} to ${rule.names.at(-1)}`;
    refuse(`${field}.${rule.name}`, `${JSON.stringify(text)} is not from ${rule.min} to ${rule.max}${names}`);
  }
  return value;
}

function sorted(values: readonly number[]): readonly number[] {
  return [...new Set(values)].sort((a, b) => a - b);
}
