/** The files that describe the wire to other languages, held against the code and the recorded messages. */
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { asyncApi, createSubjects, type Json, taskMailTypes, throttleRequests } from '@troupe/protocol';
import { allSchemas, channels, wireFiles } from '@troupe/protocol/internal';
import { Ajv } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect } from 'chai';
import { recorded } from './recorded.ts';
import { recordedThrottle } from './recorded-throttle.ts';
import { recordedBodies } from './recorded-verbs.ts';

const folder = new URL('../wire/', import.meta.url);
const onDisk = (name: string): string => readFileSync(new URL(name, folder), 'utf8');
const everyRecorded = { ...recorded, ...recordedBodies, ...recordedThrottle };

interface Document {
  readonly channels: Readonly<Record<string, { address: string | null; parameters: object; messages: Record<string, { $ref: string }> }>>;
  readonly operations: Readonly<Record<string, { channel: { $ref: string }; messages: { $ref: string }[] }>>;
  readonly components: { messages: Record<string, { payload: Json }>; schemas: Record<string, object> };
}
const document = JSON.parse(onDisk('asyncapi.json')) as Document;

describe('the files of the wire', () => {
  it('are what the code says, none is missing and none is left over (npm run wire writes them)', () => {
    const files = wireFiles();
    expect(readdirSync(folder)).to.have.members(Object.keys(files));
    for (const [name, text] of Object.entries(files)) expect(onDisk(name), name).to.equal(text);
  });

  it('are in the package', () => {
    const { files, exports } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
      files: string[];
      exports: Record<string, unknown>;
    };
    expect(files).to.include('wire');
    expect(exports['./wire/*.json']).to.equal('./wire/*.json');
    const found = createRequire(import.meta.url).resolve('@troupe/protocol/wire/asyncapi.json');
    expect(readFileSync(found, 'utf8')).to.equal(onDisk('asyncapi.json'));
  });

  it('take every recorded message, and there is one of every schema', () => {
    expect(Object.keys(everyRecorded)).to.have.members(Object.keys(allSchemas));
    for (const [name, { complete, bare }] of Object.entries(everyRecorded)) {
      const ajv = new Ajv2020({ strict: true, strictRequired: false, strictTypes: false, validateFormats: false });
      const validate = ajv.compile(JSON.parse(onDisk(`${name}.schema.json`)) as object);
      for (const message of [...complete, ...bare]) {
        expect(validate(message), `${name} ${JSON.stringify(message)}: ${ajv.errorsText(validate.errors)}`).to.equal(true);
      }
      for (const message of bare) {
        const required = Object.keys(message as object);
        for (const key of required) {
          const { [key]: _gone, ...without } = message as Record<string, Json>;
          const isNeeded = !(name === 'operation-record' && key === 's');
          expect(validate(without), `${name} without ${key}`).to.equal(!isNeeded);
        }
      }
    }
  });
});

describe('the AsyncAPI document', () => {
  it('is one of version 3.0, says the specification of it', () => {
    const meta = createRequire(import.meta.url)('@asyncapi/specs/schemas/3.0.0.json') as object;
    // the specification brings its own copy of the meta-schema
    const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true, meta: false, validateSchema: false });
    const validate = ajv.compile(meta);
    expect(validate(document), ajv.errorsText(validate.errors)).to.equal(true);
    // the meta-schema is not one that takes anything
    expect(validate({ ...document, operations: { x: { action: 'shout', channel: { $ref: '#/channels/command' } } } })).to.equal(false);
    expect(validate({ ...document, channels: { x: { address: 7 } } })).to.equal(false);
  });

  it('answers every reference within, and uses every message and every schema', () => {
    const refs = new Set([...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)].map((match) => match[1]!));
    expect(JSON.stringify(document).match(/"\$ref"/g)!.length).to.equal(
      [...JSON.stringify(document).matchAll(/"\$ref":"#\/[^"]+"/g)].length,
    );
    for (const ref of refs) {
      const found = ref.split('/').reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], document);
      expect(found, ref).to.be.an('object');
    }
    for (const name of Object.keys(document.components.messages)) expect(refs).to.include(`components/messages/${name}`);
    for (const name of Object.keys(document.components.schemas)) expect(refs).to.include(`components/schemas/${name}`);
    for (const name of Object.keys(allSchemas)) expect(document.components.schemas).to.have.property(name);
    expect(document.components.messages).to.include.keys(...taskMailTypes);
  });

  it('takes every recorded message as the payload of its channel', () => {
    const ajv = new Ajv({ strict: false, validateFormats: false });
    ajv.addSchema(document, 'wire');
    const payload = (name: string) => ajv.compile({ $ref: `wire#/components/messages/${name}/payload` });
    const plain: Readonly<Record<string, string>> = {
      'task-result': 'result',
      'dead-letter': 'deadLetter',
      'operation-record': 'operationRecord',
      'operation-tombstone': 'operationTombstone',
      ...Object.fromEntries(Object.keys(recordedThrottle).map((one) => [one, one.replace(/-(.)/, (_, c: string) => c.toUpperCase())])),
    };
    const taken = new Set<string>();
    for (const [name, { complete, bare }] of Object.entries(everyRecorded)) {
      if (name === 'mail') continue;
      const type = name.replace('task-ended', 'task.ended').replace('task-progress', 'task.progress');
      const isBody = name.startsWith('verb.') || /^set[A-Z]/.test(name) || type.startsWith('task.');
      const validate = payload(plain[name] ?? type);
      for (const body of [...complete, ...bare]) {
        const message = isBody ? { v: 1, id: 'm-1', type, body } : body;
        expect(validate(message), `${name}: ${ajv.errorsText(validate.errors)}`).to.equal(true);
        expect(validate({ ...(message as object), v: name === 'operation-tombstone' ? 1 : 2 }), name).to.equal(
          name === 'operation-tombstone',
        );
        if (isBody) expect(validate({ ...(message as object), type: 'other' }), name).to.equal(false);
      }
      taken.add(plain[name] ?? type);
    }
    expect([...taken]).to.have.members(Object.keys(document.components.messages));
  });

  it('has the subjects of the code, and says of every other subject that it is not for outside', () => {
    const s = createSubjects();
    const made: Readonly<Record<string, string>> = {
      command: s.command('{executor}'),
      answer: s.answer('{operation}'),
      live: s.live(['{topic}']),
      event: s.event(['{topic}']),
      verb: s.mail({ kind: '{kind}', key: '{key}' }, 'verb'),
      task: s.task('{class}' as never, '{pool}', '{task}'),
      outcome: s.mail({ kind: '{kind}', key: '{key}' }, 'task-{pool}'),
      result: s.result('{id}'),
      dead: s.dead(['{origin}']),
      record: s.state({ kind: 'operation', key: '{operation}' }),
      tombstone: s.tombstone({ kind: 'operation', key: '{operation}' }),
      ...Object.fromEntries(throttleRequests.map((one) => [`throttle${one[0]!.toUpperCase()}${one.slice(1)}`, s.throttle('{root}', one)])),
    };
    const braces = (subject: string): string => subject.replaceAll('=7B', '{').replaceAll('=7D', '}');
    for (const [name, { address, parameters }] of Object.entries(document.channels)) {
      expect(address, name).to.equal(['reply', 'throttleReply'].includes(name) ? null : braces(made[name]!));
      const named = [...(address ?? '').matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
      expect(Object.keys(parameters), name).to.have.members(named);
    }
    expect(Object.keys(document.channels)).to.have.members([...Object.keys(made), 'reply', 'throttleReply']);
    const shown = ['command', 'answer', 'live', 'event', 'mail', 'task', 'result', 'dead', 'state', 'tombstone', 'throttle'];
    const inside = ['timer', 'due', 'item', 'mark', 'signal', 'told'];
    const readers = ['taskFilter', 'mailFilter', 'dueFilter', 'stateFilter', 'liveFilter', 'deadFilter', 'throttleFilter'];
    const parsers = ['parseMail', 'parseState', 'parseTask', 'parseCommand', 'parseThrottle'];
    const functions = Object.entries(s).flatMap(([name, is]) => (typeof is === 'function' ? [name] : []));
    expect(functions).to.have.members([...shown, ...inside, ...readers, ...parsers]);
  });

  it('is made for any namespace', () => {
    const other = asyncApi('blue') as unknown as Document;
    for (const [name, { address }] of Object.entries(other.channels)) {
      expect(address, name).to.equal(document.channels[name]!.address?.replace('troupe.', 'blue.') ?? null);
    }
    expect(Object.keys(channels)).to.have.members(Object.keys(other.channels));
  });
});
