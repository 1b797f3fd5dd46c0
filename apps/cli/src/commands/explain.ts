/** `troupe explain`: why an operation is not finished yet. */
import type { Client } from '@troupe/client';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import type { Io } from '../io.ts';
import { age, jsonLine, printable } from '../text.ts';

export async function explainCommand(client: Client, id: string, flags: { readonly json?: true }, io: Io): Promise<ExitCode> {
  const explanation = await client.explain(id);
  if (flags.json === true) {
    io.out(jsonLine(explanation));
    return exitCodes.ok;
  }
  const { summary, waits, holds } = explanation;
  io.out(`${printable(summary)}\n`);
  for (const wait of waits) io.out(`  ${printable(wait.sentence)}\n`);
  for (const { scope, need, since } of holds) {
    const tokens = Object.entries(need).map(([kind, n]) => `${n} ${kind}`);
    io.out(`  holds ${printable(`${tokens.join(' and ')} of ${scope}`)} since ${age(since, io.now())}\n`);
  }
  return exitCodes.ok;
}
