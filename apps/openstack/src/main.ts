/**
 * `npm start`: the product at work. Brings up a nats-server, a simulated cloud and all roles in this process, creates
 * twenty instances with two volumes each where the cloud takes four builds of a kind at once, and sums up.
 *
 *   --input FILE   commands from a JSON-lines file instead
 *   --keep         stay up afterwards, and say how to send a command from another terminal
 *
 * Exit code 0 only if every operation ended well and no limit was passed.
 */
import { parseArgs } from 'node:util';
import { isTroupeError } from '@troupe/protocol';
import { type Installation, startInstallation } from './demo/installation.ts';
import { readOrders, twentyInstances } from './demo/orders.ts';
import { runOrders } from './demo/run.ts';

try {
  const { values } = parseArgs({ options: { input: { type: 'string' }, keep: { type: 'boolean' } } });
  const orders = values.input === undefined ? twentyInstances() : readOrders(values.input);
  const installation = await startInstallation();
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => (stopping ??= Promise.resolve(installation[Symbol.asyncDispose]()));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      void stop().then(() => process.exit(signal === 'SIGINT' ? 130 : 143));
    });
  }
  console.log(`nats-server ${installation.natsUrl} · cloud ${installation.cloudUrl} · ${orders.length} operations\n`);
  const well = await runOrders(installation, orders, () => performance.now());
  process.exitCode = well ? 0 : 1;
  if (values.keep === true) {
    tellHow(installation);
    await new Promise(() => undefined);
  }
  await stop();
} catch (error) {
  console.error(isTroupeError(error) ? `${error.code}: ${error.message}` : error);
  process.exitCode = 2;
}

function tellHow({ natsUrl }: Installation): void {
  console.log(`
Still up; Ctrl-C ends it. From another terminal:
  npx troupe operations --servers ${natsUrl}
  npx troupe execute openstack.instance.stop --resource instance/vm-01 --servers ${natsUrl}
or with any NATS client: publish on troupe.command.openstack=2Einstance=2Estart
  {"v":1,"id":"my-1","executor":"openstack.instance.start","resource":{"kind":"instance","id":"vm-01"},"createdAt":"${new Date(performance.timeOrigin + performance.now()).toISOString()}"}
and read troupe.answer.my-1`);
}
