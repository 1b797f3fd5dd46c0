/** Shows operations while they run: redrawn on a terminal, a line per change elsewhere. */
import { formatMs } from '@troupe/protocol';
import pc from 'picocolors';

export interface Row {
  readonly name: string;
  /** `rejected`, `running`, or the outcome. */
  readonly status: string;
  readonly done: number;
  readonly total: number;
  readonly step: string;
  readonly why: string;
}

export interface Screen {
  show(rows: readonly Row[], footer: string): void;
  /** Leaves what was shown last on the terminal. */
  end(): void;
}

export function createScreen(out: NodeJS.WriteStream, now: () => number): Screen {
  const started = now();
  return out.isTTY === true ? terminal(out) : lines(out, () => formatMs(now() - started));
}

function terminal(out: NodeJS.WriteStream): Screen {
  let drawn = 0;
  return {
    show(rows, footer) {
      const width = out.columns || 100;
      const text = [...rows.map((row) => line(row, width)), '', footer];
      out.write(`${drawn > 0 ? `\x1b[${drawn}A` : ''}${text.map((one) => `\x1b[2K${one}\n`).join('')}`);
      drawn = text.length;
    },
    end: () => undefined,
  };
}

function line(row: Row, width: number): string {
  const plain = `${row.name.padEnd(8)} ${progress(row)} ${row.status.padEnd(10)} ${row.step.padEnd(18)} ${row.why}`.slice(0, width - 1);
  if (row.status === 'succeeded') return pc.green(plain);
  if (row.status === 'running' || row.status === 'accepted') return row.why.startsWith('number') ? pc.dim(plain) : plain;
  return pc.red(plain);
}

function progress({ done, total }: Row): string {
  const filled = total === 0 ? 0 : Math.round((done / total) * 10);
  return `[${'='.repeat(filled)}${' '.repeat(10 - filled)}]`;
}

/** A change of state, step or reason is a line; a place in a queue that moves up is not. */
function lines(out: NodeJS.WriteStream, age: () => string): Screen {
  const last = new Map<string, string>();
  let lastFooter = '';
  return {
    show(rows, footer) {
      for (const row of rows) {
        const waits = row.why.startsWith('number') || row.why.includes('waits');
        const key = `${row.status} ${row.step} ${waits ? 'waits' : ''}`;
        if (last.get(row.name) === key) continue;
        last.set(row.name, key);
        out.write(`${age().padStart(6)}  ${row.name}  ${row.status}  ${row.done}/${row.total}  ${row.step}  ${row.why}\n`);
      }
      if (footer !== lastFooter) out.write(`${age().padStart(6)}  ${footer}\n`);
      lastFooter = footer;
    },
    end: () => undefined,
  };
}
