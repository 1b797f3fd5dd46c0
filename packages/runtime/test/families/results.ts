/** F21: what a first call has put out decides what is waited for: DigitalOcean, Valimo, Lexis. */
import { chain, createExecutor, outputOf, poll, ref, step } from '@troupe/executor';
import { defineKind } from '@troupe/resource';
import { defineApp } from '@troupe/runtime';
import { defineTask, handle, Retry, withPatch } from '@troupe/task';
import { z } from 'zod';
import type { FakeBackend } from '../support/backend.ts';

const byName = z.object({ name: z.string() });
const Droplet = defineKind({ kind: 'droplet', runtimeStates: ['provisioning', 'online', 'broken'] });
const Login = defineKind({ kind: 'login', runtimeStates: ['processing', 'OK', 'canceled'] });
const Link = defineKind({ kind: 'link' });

const tasks = {
  createDroplet: defineTask({
    name: 'droplet.create',
    input: byName,
    output: z.object({ backendId: z.string(), actionId: z.string().min(1) }),
    idempotent: 'token',
  }),
  action: defineTask({ name: 'action.look', input: z.object({ actionId: z.string() }), idempotent: 'yes' }),
  requestLogin: defineTask({ name: 'login.request', input: byName, output: z.object({ transaction: z.string() }), idempotent: 'token' }),
  lookAtLogin: defineTask({
    name: 'login.look',
    input: z.object({ transaction: z.string() }),
    output: z.object({ runtimeState: z.enum(['processing', 'OK', 'canceled']) }),
    idempotent: 'yes',
  }),
  link: defineTask({ name: 'link.call', input: byName.extend({ verb: z.string() }), idempotent: 'yes' }),
};

const createDroplet = createExecutor({
  name: 'droplet.create',
  family: 'create',
  resource: Droplet,
  plan({ resource: { id } }) {
    const create = step('create', tasks.createDroplet, { name: id }, { runtimeState: { during: 'provisioning', failure: 'broken' } });
    return chain(
      create,
      poll('action', tasks.action, {
        input: { actionId: outputOf(create).actionId },
        until: { done: true },
        runtimeState: { success: 'online', failure: 'broken' },
        after: '50ms',
        every: '20ms',
        for: '20s',
      }),
    );
  },
});

/** Three ends: OK, canceled by the user, which is no error, and failed. */
const logIn = createExecutor({
  name: 'login',
  family: 'create',
  resource: Login,
  output: { result: ref('look.runtimeState') },
  plan({ resource: { id } }) {
    const request = step('request', tasks.requestLogin, { name: id }, { runtimeState: { during: 'processing' } });
    return chain(
      request,
      poll('look', tasks.lookAtLogin, {
        input: { transaction: outputOf(request).transaction },
        until: { runtimeState: ['OK', 'canceled'] },
        after: '50ms',
        every: '20ms',
        for: '1500ms',
      }),
    );
  },
});

const linkLexis = createExecutor({
  name: 'link.create',
  family: 'create',
  resource: Link,
  plan({ resource: { id } }) {
    const call = (verb: string, options: Parameters<typeof step>[3] = {}) => step(verb, tasks.link, { name: id, verb }, options);
    return chain(
      call('project'),
      call('connect', { retry: { attempts: 3, delays: ['10ms', '20ms'], jitter: 0 } }),
      call('key'),
      call('directory', { after: '50ms' }),
    );
  },
});

/** The retry options of another library: nobody here reads them. */
const linkWrongly = createExecutor({
  name: 'link.wrongly',
  family: 'create',
  resource: Link,
  plan: ({ resource: { id } }) =>
    step('connect', tasks.link, { name: id, verb: 'connect' }, { retry: { max_retries: 3, default_retry_delay: 180 } as never }),
});

export const results = (backend: FakeBackend) =>
  defineApp({
    name: 'results',
    executors: [createDroplet, logIn, linkLexis, linkWrongly],
    tasks: Object.values(tasks),
    kinds: [Droplet, Login, Link],
    handlers: () => [
      handle(tasks.createDroplet, async ({ name }) => {
        const actionId = await backend.change('droplet.create', name, () => {
          backend.make(name, ['new']);
          return `action of ${name}`;
        });
        return withPatch({ backendId: name, actionId: backend.has('forgetful') ? '' : actionId }, { backendId: name });
      }),
      handle(tasks.action, async ({ actionId }) => {
        const word = (await backend.look('action.look', actionId))?.word;
        return { done: word === 'completed', failed: word === 'errored', message: `the action is ${word}` };
      }),
      handle(tasks.requestLogin, async ({ name }) => {
        await backend.change('login.request', name, () => undefined);
        return { transaction: `transaction of ${name}` };
      }),
      handle(tasks.lookAtLogin, async ({ transaction }) => {
        const word = (await backend.look('login.look', transaction))?.word;
        const runtimeState = word === 'OK' || word === 'processing' ? word : 'canceled';
        return withPatch({ runtimeState } as const, { runtimeState });
      }),
      handle(tasks.link, async ({ name, verb }) => {
        await backend
          .change(verb, name, () => undefined)
          .catch((error: Error) => {
            throw new Retry(error.message);
          });
        return null;
      }),
    ],
  });
