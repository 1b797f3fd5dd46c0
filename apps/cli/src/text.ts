/** Text for people: tables that line up, ages, JSON in one line. Machines take `--json`. */
import { encodeJson, formatMs, type Json, type WireError } from '@troupe/protocol';

/** Columns as wide as their widest cell; nothing is padded behind the last one. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length);
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i]!)))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}

export function age(from: number | undefined, now: number): string {
  return from === undefined || Number.isNaN(from) ? '' : formatMs(Math.max(0, now - from));
}

export function duration(ms: number | undefined): string {
  return ms === undefined ? '' : formatMs(ms);
}

export function time(at: number): string {
  return new Date(at).toISOString();
}

export function errorText({ code, message, field }: WireError): string {
  return `${code}: ${message}${field === undefined || field === '' ? '' : ` (field ${field})`}`;
}

/** What others wrote may hold anything: no control character reaches a terminal. */
export function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

export function jsonLine(value: unknown): string {
  return `${encodeJson(value)}\n`;
}

export function oneLine(value: Json): string {
  return encodeJson(value);
}
