/** Hears everything that is published below a namespace, and judges it by the published files of the wire. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { NatsConnection } from '@nats-io/nats-core';
import { Ajv } from 'ajv';

interface Channel {
  readonly address: string | null;
  readonly messages: Readonly<Record<string, unknown>>;
}

export function tapWire(nc: NatsConnection) {
  const file = createRequire(import.meta.url).resolve('@troupe/protocol/wire/asyncapi.json');
  const document = JSON.parse(readFileSync(file, 'utf8')) as { channels: Record<string, Channel> };
  const ajv = new Ajv({ strict: false, validateFormats: false });
  ajv.addSchema(document, 'wire');
  const channels = Object.entries(document.channels).flatMap(([name, { address, messages }]) => {
    if (address === null) return [];
    // a topic and an origin are several words
    const pattern = address
      .replaceAll('.', '\\.')
      .replaceAll(/\{(topic|origin)\}/g, '.+')
      .replaceAll(/\{\w+\}/g, '[^.]+');
    return [{ name, pattern: new RegExp(`^${pattern}$`), messages: Object.keys(messages) }];
  });
  const seen = new Map<string, number>();
  const wrong: string[] = [];
  const subscription = nc.subscribe('troupe.>', {
    callback(_error, message) {
      const { subject, data } = message;
      const channel = channels.find(({ pattern }) => pattern.test(subject));
      if (channel === undefined || data.length === 0) return;
      const body = message.json<{ type?: string }>();
      judge(channel.name, channel.messages, subject, body);
    },
  });

  function judge(channel: string, names: readonly string[], subject: string, message: { type?: string }): void {
    const name = names.length === 1 ? names[0]! : names.find((one) => one === message.type);
    if (name === undefined) return void wrong.push(`${subject}: no message ${message.type} on channel ${channel}`);
    const validate =
      ajv.getSchema(`wire#/components/messages/${name}/payload`) ?? ajv.compile({ $ref: `wire#/components/messages/${name}/payload` });
    if (!(validate(message) as boolean)) wrong.push(`${subject}: ${ajv.errorsText(validate.errors)} in ${JSON.stringify(message)}`);
    const key = `${channel} ${name}`;
    seen.set(key, (seen.get(key) ?? 0) + 1);
  }
  return { seen, wrong, stop: () => subscription.unsubscribe() };
}
