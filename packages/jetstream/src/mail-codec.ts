/** How mail lies in MAIL and TIMERS: the body is a `Mail`, the context travels in headers. */
import { type Address, type Context, contextToHeaders, encodeJson, type Json, type Mail } from '@troupe/protocol';

export interface MailParts {
  readonly id: string;
  readonly type: string;
  readonly body: Json;
  readonly from?: Address;
  readonly timer?: string;
  readonly tries?: number;
  readonly sender?: string;
}

export function encodeMail(parts: MailParts): string {
  const mail: Mail = { v: 1, ...parts };
  return encodeJson(mail);
}

const NONE: [string, string][] = [];

export function contextHeaders(context: Context | undefined): [string, string][] {
  return context === undefined ? NONE : contextToHeaders(context);
}
