/** What a reader must know of the machine, without its name. */
import { execFileSync } from 'node:child_process';
import { cpus, totalmem } from 'node:os';

export function machineFacts(natsBinary: string): string {
  const processors = cpus();
  const server = execFileSync(natsBinary, ['--version'], { encoding: 'utf8' }).trim();
  const gigabytes = Math.round(totalmem() / 1_073_741_824);
  const date = new Date().toISOString().slice(0, 10);
  return `${processors.length} cores (${processors[0]?.model.trim() ?? 'unknown'}), ${gigabytes} GB, ${process.platform} ${process.arch}, Node ${process.versions.node}, ${server}, file storage on one server, ${date}`;
}
