/** What a measured part took: processor time of this process and of the server, messages and bytes that the server received, memory. */
import { readFileSync } from 'node:fs';
import type { Cost, ServerFacts } from './scenario.ts';

interface Reading {
  readonly clientCpuSeconds: number;
  readonly serverCpuSeconds: number;
  readonly serverMessages: number;
  readonly serverBytes: number;
  readonly serverRssBytes: number;
}

/** `CLK_TCK` is 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

export async function startMeter(server: ServerFacts): Promise<(operations: number, steps: number) => Promise<Cost>> {
  const before = await read(server);
  return async (operations, steps) => {
    const after = await read(server);
    return {
      operations,
      steps,
      clientCpuSeconds: after.clientCpuSeconds - before.clientCpuSeconds,
      serverCpuSeconds: after.serverCpuSeconds - before.serverCpuSeconds,
      serverMessages: after.serverMessages - before.serverMessages,
      serverBytes: after.serverBytes - before.serverBytes,
      peakRssBytes: process.resourceUsage().maxRSS * 1_024,
      serverRssBytes: after.serverRssBytes,
    };
  };
}

async function read(server: ServerFacts): Promise<Reading> {
  const varz = await varzOf(server);
  const { user, system } = process.cpuUsage();
  return {
    clientCpuSeconds: (user + system) / 1e6,
    serverCpuSeconds: cpuSecondsOf(server.pid),
    serverMessages: varz.in_msgs,
    serverBytes: varz.in_bytes,
    serverRssBytes: varz.mem,
  };
}

/** A loaded server was seen to close such a connection unanswered. */
async function varzOf({ monitorUrl }: ServerFacts): Promise<{ in_msgs: number; in_bytes: number; mem: number }> {
  for (let tries = 1; ; tries++) {
    try {
      const response = await fetch(`${monitorUrl}/varz`, { headers: { connection: 'close' } });
      return (await response.json()) as Awaited<ReturnType<typeof varzOf>>;
    } catch (error) {
      if (tries === 5) throw error;
    }
  }
}

/** 0 where there is no /proc. */
function cpuSecondsOf(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  } catch {
    return 0;
  }
}
