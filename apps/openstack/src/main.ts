/**
 * `npm start`: the product at work. Brings up a nats-server, a simulated cloud and all roles in this process, creates
 * twenty instances with two volumes each where the cloud takes four builds of a kind at once, and sums up.
 *
 *   --input FILE   commands from a JSON-lines file instead
 *   --keep         stay up afterwards, and say how to send a command from another terminal
 *   --day          instead: a day of a broker, compressed, with all that the clock starts, beside users who must not notice;
 *                  --factor N divides its times (600), --tenants N says how many there are (50)
 *
 * Exit code 0 only if every operation ended well and no limit was passed.
 */
import { parseArgs } from 'node:util';
import { createSubjects, isTroupeError } from '@troupe/protocol';
import { Instance } from './app/index.ts';
import { dayOf } from './day/index.ts';
import { type Installation, startInstallation } from './demo/installation.ts';
import { type Order, readOrders, twentyInstances } from './demo/orders.ts';
import { runOrders } from './demo/run.ts';

const usage = `npm start -- [--input FILE] [--keep] | --day [--factor N] [--tenants N]`;

try {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const { values } = parseArgs({ options: { input: text, keep: flag, day: flag, factor: text, tenants: text } });
  const day = values.day === true ? dayOf(values) : undefined;
  const orders = values.input === undefined ? twentyInstances() : readOrders(values.input);
  // a signal may come while things start: what is there by then ends as well
  const starting = startInstallation(day === undefined ? {} : { quicker: 10, extend: day.extend });
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => (stopping ??= starting.then((one) => one[Symbol.asyncDispose]()));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      void stop().finally(() => process.exit(signal === 'SIGINT' ? 130 : 143));
    });
  }
  const installation = await starting;
  console.log(
    `nats-server ${installation.natsUrl} · cloud ${installation.cloudUrl} · ${day === undefined ? `${orders.length} operations` : 'a day'}\n`,
  );
  const running = day === undefined ? runOrders(installation, orders, () => performance.now()) : day.run(installation);
  const well = await running.catch((error: unknown) => {
    // interrupted: everything under it is being stopped, and the signal has its own exit code
    if (stopping !== undefined) return new Promise<never>(() => undefined);
    throw error;
  });
  process.exitCode = well ? 0 : 1;
  if (values.keep === true) {
    tellHow(installation, orders);
    await new Promise(() => undefined);
  }
  await stop();
} catch (error) {
  const isUsage = String((error as { code?: unknown }).code).startsWith('ERR_PARSE_ARGS');
  if (isUsage) console.error(`${(error as Error).message}\nUsage: ${usage}`);
  else console.error(isTroupeError(error) ? `${error.code}: ${error.message}` : error);
  process.exit(2);
}

function tellHow({ natsUrl }: Installation, orders: readonly Order[]): void {
  const id = orders.find(({ resource }) => resource?.kind === Instance.kind)?.resource?.id ?? 'ID';
  const command = {
    v: 1,
    id: 'my-1',
    executor: 'openstack.instance.start',
    resource: Instance.ref(id),
    createdAt: new Date(performance.timeOrigin + performance.now()).toISOString(),
  };
  console.log(`
Still up; Ctrl-C ends it. From another terminal:
  npx troupe operations --servers ${natsUrl}
  npx troupe execute openstack.instance.stop --resource instance/${id} --servers ${natsUrl}
or with any NATS client, subscribed to troupe.answer.my-1 for the answers:
  nats --server ${natsUrl} pub ${createSubjects().command(command.executor)} '${JSON.stringify(command)}'`);
}
