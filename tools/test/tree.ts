/** A folder of files that is gone after the test. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export interface Tree extends Disposable {
  readonly root: string;
  write(path: string, content: string | object): void;
}

/** @param files by path; what is no text is written as JSON */
export function makeTree(files: Readonly<Record<string, string | object>> = {}): Tree {
  const root = mkdtempSync(join(tmpdir(), 'troupe-tools-'));
  const write = (path: string, content: string | object) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), typeof content === 'string' ? content : JSON.stringify(content));
  };
  for (const [path, content] of Object.entries(files)) write(path, content);
  return { root, write, [Symbol.dispose]: () => rmSync(root, { recursive: true, force: true }) };
}
