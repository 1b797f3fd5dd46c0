/** What `troupe up` says: how to use the app that runs, and what becomes of it. */
import type { App } from '@troupe/runtime';
import type { WorkerEvent } from '@troupe/task';
import type { ConnectionValues } from '../connection.ts';
import { errorText, jsonLine, printable } from '../text.ts';

export function readyText(app: App, { servers = '' }: ConnectionValues, ns: string): string {
  const executors = app.executors.map(({ name }) => `  ${name}\n`).join('');
  const where = ` --servers ${servers}${ns === 'troupe' ? '' : ` --ns ${ns}`}`;
  const [first] = app.executors;
  const name = first?.kind === undefined ? undefined : `${first.kind.kind}/1`;
  const isOurs = app.resourceStore === undefined;
  const lines = [
    ...(first?.family === 'create' && isOurs ? [`troupe resource register ${name}${where}`] : []),
    `troupe execute ${first?.name ?? '<executor>'}${name === undefined ? '' : ` --resource ${name}`}${where} --wait`,
  ];
  return `${app.name} is up at ${servers}\n\nexecutors\n${executors}\nfrom another terminal\n${lines.map((line) => `  ${line}\n`).join('')}`;
}

/** A line for people: attempts as sentences, the rest as it is. */
export function eventText(event: { readonly type: string } | WorkerEvent): string {
  if ('outcome' in event && event.type === 'taskEnded') {
    const { task, attempt, operation, outcome, error, tookMs } = event;
    const of = operation === undefined ? '' : ` of ${operation}`;
    return `${printable(`${task}${of}: attempt ${attempt} ${outcome} after ${tookMs} ms${error === undefined ? '' : `, ${errorText(error)}`}`)}\n`;
  }
  if ('message' in event && event.type === 'log') {
    const fields = Object.keys(event.fields).length === 0 ? '' : ` ${JSON.stringify(event.fields)}`;
    return `${printable(`${event.task}: ${event.message}${fields}`)}\n`;
  }
  return jsonLine(event);
}
