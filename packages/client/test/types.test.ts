/** What TypeScript refuses: each line below an expect-error would compile if the types were loose. Nothing here is run but one assertion. */
import type { Client } from '@troupe/client';
import type { TaskResult } from '@troupe/protocol';
import { defineTask } from '@troupe/task';
import { expect } from 'chai';
import { z } from 'zod';

const createVolume = { name: 'volume.create', input: z.object({ size: z.number(), type: z.string().default('ssd') }) };
const pull = { name: 'pull', input: undefined };
const note = defineTask({ name: 'note', idempotent: 'yes', input: z.object({ text: z.string() }) });

export function typed(client: Client): unknown[] {
  return [
    client.execute({ executor: createVolume, input: { size: 1 } }),
    client.execute({ executor: createVolume, input: { size: 1, type: 'hdd' } }),
    client.execute({ executor: pull }),
    client.execute({ executor: 'by name', input: { anything: ['goes'] } }),
    // @ts-expect-error a field that is missing
    client.execute({ executor: createVolume, input: {} }),
    // @ts-expect-error a field of another type
    client.execute({ executor: createVolume, input: { size: '1' } }),
    // @ts-expect-error a field that does not exist
    client.execute({ executor: createVolume, input: { size: 1, colour: 'red' } }),
    // @ts-expect-error an option that does not exist
    client.execute({ executor: 'x', options: { forse: true } }),
    // @ts-expect-error a class that does not exist
    client.execute({ executor: 'x', options: { class: 'light' } }),
    client.sendTask(note, { text: 'a' }),
    // @ts-expect-error a field of another type
    client.sendTask(note, { text: 1 }),
    // @ts-expect-error a status that does not exist
    client.operations({ status: 'done' }),
    // @ts-expect-error a limit is a number or null
    client.setLimit({ scope: 'a', kind: 'b', limit: '1' }),
  ];
}

export async function results(client: Client): Promise<TaskResult | undefined> {
  const operation = await client.execute({ executor: 'x' });
  const { outcome } = await operation.ended();
  // @ts-expect-error an outcome that does not exist
  if (outcome === 'done') return undefined;
  // @ts-expect-error an end is no first answer
  if (operation.answer.answer === 'ended') return undefined;
  if (operation.answer.answer === 'rejected') throw new Error(operation.answer.error.code);
  return client.result(operation.id);
}

describe('the types of a client', () => {
  it('are held by the compiler', () => {
    expect([typed, results]).to.have.lengthOf(2);
  });
});
