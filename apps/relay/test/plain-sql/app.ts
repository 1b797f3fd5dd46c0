import { chain, createExecutor, step } from '@troupe/executor';
import { createPool, createPostgresResourceStore } from '@troupe/postgres';
import { defineKind, stateCodes } from '@troupe/resource';
import { defineApp } from '@troupe/runtime';
import { defineTask, handle, withPatch } from '@troupe/task';
import { z } from 'zod';

const input = z.object({ size: z.number().int().positive() });
const create = defineTask({ name: 'volume.create', idempotent: 'token', input });
const createVolume = createExecutor({
  name: 'volume.create',
  family: 'create',
  resource: defineKind({ kind: 'volume' }),
  input,
  plan: (asked) => chain(step('create', create, asked.input, { transition: 'beginCreating' })),
});

export const app = defineApp({
  name: 'shop',
  executors: [createVolume],
  tasks: [create],
  handlers: () => [
    // here the backend is called; the token lets it recognise a second attempt
    handle(create, ({ size }, { idempotencyToken }) => withPatch({ size }, { backendId: `made-by-${idempotencyToken.slice(0, 8)}` })),
  ],
  resourceStore() {
    const pool = createPool({ connectionString: process.env['TROUPE_DATABASE']! });
    const columns = { id: 'id', state: 'state', backendId: 'backend_id', error: { message: 'error_message' }, data: { size: 'size' } };
    const store = createPostgresResourceStore({
      pool,
      schema: process.env['TROUPE_SCHEMA'] ?? 'public',
      tables: { volume: { table: 'volume', columns, states: stateCodes } },
    });
    return Object.assign(store, { [Symbol.asyncDispose]: () => pool.end() });
  },
});
