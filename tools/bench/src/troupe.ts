/** All roles and a client in one process, as a side needs them. */
import { type Client, createClient } from '@troupe/client';
import { connectRuntime, type Runtime, startSupervisor, startThrottle, startWorker } from '@troupe/runtime';
import type { WorkerEvent } from '@troupe/task';
import { benchApp, type Watch } from './app.ts';
import type { SideContext } from './scenario.ts';

export interface Troupe {
  readonly runtime: Runtime;
  readonly client: Client;
  readonly watch: Watch;
  /** Runs an operation to its end; throws unless it succeeds. */
  run(executor: string, input: unknown): Promise<void>;
  /** Orders an operation and does not wait for its end. */
  order(executor: string, input: unknown): Promise<void>;
}

interface Roles {
  readonly limits?: Parameters<typeof benchApp>[0];
  readonly workerOnly?: boolean;
  readonly onWorkerEvent?: (event: WorkerEvent) => void;
}

export async function startTroupe({ server }: SideContext, { limits, workerOnly, onWorkerEvent }: Roles = {}): Promise<Troupe> {
  const connection = { servers: server.url };
  const runtime = await connectRuntime({ connection, applyTopology: true });
  const { app, watch } = benchApp(limits);
  if (workerOnly !== true) {
    await startThrottle(runtime, app);
    await startSupervisor(runtime, app);
  }
  await startWorker(runtime, app, onWorkerEvent === undefined ? {} : { onEvent: onWorkerEvent });
  const { run, order, client } = await startClient(server.url);
  return { runtime, client, watch, run, order };
}

export async function startClient(url: string): Promise<Pick<Troupe, 'client' | 'run' | 'order'>> {
  const client = createClient({ servers: url }, { maxFollowed: 200_000, answerTimeout: '5m', checkEvery: '1s' });
  await client.start();
  const execute: Client['execute'] = async (request) => {
    const operation = await client.execute(request);
    // a command that was asked again after a failover is answered so
    if (operation.answer.answer === 'rejected') throw new Error(`${request.executor}: ${JSON.stringify(operation.answer)}`);
    return operation;
  };
  return {
    client,
    async run(executor, input) {
      const end = await (await execute({ executor, input })).ended();
      if (end.outcome !== 'succeeded') throw new Error(`${executor} ended ${JSON.stringify(end)}`);
    },
    async order(executor, input) {
      await execute({ executor, input });
    },
  };
}
