// Finds a nats-server that is new enough.
import { execFileSync } from 'node:child_process';

/** @returns {Promise<string>} path of a nats-server binary */
export async function resolveNatsServer() {
  const binary = process.env['NATS_SERVER'] ?? 'nats-server';
  execFileSync(binary, ['--version']);
  return binary;
}
