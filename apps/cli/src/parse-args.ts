/** Reads arguments. Every refusal names its flag. */
import {
  type Json,
  type OperationStatus,
  type Outcome,
  queueClasses,
  type QueueClass,
  type ResourceRef,
  TroupeError,
} from '@troupe/protocol';
import { readText } from '@troupe/jetstream';
import type { Io } from './io.ts';

export const statuses = ['accepting', 'running', 'cancelling', 'paused', 'parked', 'ended'] as const satisfies readonly OperationStatus[];
export const outcomes = ['succeeded', 'failed', 'cancelled', 'superseded', 'aborted', 'rejected'] as const satisfies readonly Outcome[];

function wrong(field: string, rule: string, cause?: unknown): TroupeError {
  return new TroupeError('invalid_options', `${field}: ${rule}`, { field, ...(cause === undefined ? {} : { cause }) });
}

/** `kind/id`; the id may hold further slashes. */
export function parseResource(text: string, field = 'resource'): ResourceRef {
  const slash = text.indexOf('/');
  if (slash <= 0 || slash === text.length - 1) throw wrong(field, `${JSON.stringify(text)} is not of the form kind/id`);
  return { kind: text.slice(0, slash), id: text.slice(slash + 1) };
}

/** JSON, or `@file`, or `@-` for the standard input. */
export async function parseInput(text: string, io: Io, name = 'input'): Promise<Json> {
  const source = text === '@-' ? await io.stdin() : text.startsWith('@') ? readText(text.slice(1), name) : text;
  try {
    return JSON.parse(source) as Json;
  } catch (cause) {
    throw wrong(name, `is no JSON: ${cause instanceof Error ? cause.message : String(cause)}`, cause);
  }
}

/** `name=value`. */
export function parseContext(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const [, name, value] = /^([a-z][a-z0-9-]*)=([\x20-\x7e]*)$/.exec(pair) ?? [];
      if (name === undefined || value === undefined)
        throw wrong('context', `${JSON.stringify(pair)} is not of the form name=value, the name in lower case`);
      return [name, value];
    }),
  );
}

/** For an option that may be repeated. */
export function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}

export function parseCount(text: string, field: string): number {
  if (!/^[1-9]\d{0,6}$/.test(text)) throw wrong(field, `${JSON.stringify(text)} is no whole number of 1 or more`);
  return Number(text);
}

/** Of tokens or of a rate; 0 pauses. */
export function parseLimit(text: string, field: string): number {
  if (!/^\d{1,9}$/.test(text)) throw wrong(field, `${JSON.stringify(text)} is no whole number of 0 or more`);
  return Number(text);
}

export function parseWords<T extends string>(text: string, words: readonly T[], field: string): T[] {
  return text.split(',').map((part) => {
    const word = words.find((one) => one === part.trim());
    if (word === undefined) throw wrong(field, `${JSON.stringify(part)} is none of ${words.join(', ')}`);
    return word;
  });
}

export function parseClass(text: string): QueueClass {
  return parseWords(text, queueClasses, 'class')[0]!;
}
