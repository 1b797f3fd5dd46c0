/** One direction of one proxied connection: bytes go from a source to a sink, unless they are held, late or the last straw. */
import { type Socket } from 'node:net';

export type Direction = 'toServer' | 'toClient';

export interface PipeFaults {
  /** Bytes are neither read nor passed on; nor is the end of the source. */
  isStalled: boolean;
  /** Every chunk is passed on that much later, in order. */
  delayMs: number;
  /** Looks at a chunk before it is passed on; true: the connection is reset and the chunk never arrives. */
  cutWhen?: ((chunk: Buffer) => boolean) | undefined;
}

export interface Pipe {
  /** To be called when the faults of this direction have changed. */
  update(): void;
  stop(): void;
}

export function createPipe(source: Socket, sink: Socket, faults: PipeFaults, reset: () => void, count: (bytes: number) => void): Pipe {
  const late: { chunk: Buffer | 'end'; at: number }[] = [];
  let timer: NodeJS.Timeout | undefined;
  let isGone = false;

  const pass = (chunk: Buffer | 'end') => {
    if (chunk === 'end') return void sink.end();
    if (faults.cutWhen?.(chunk)) return reset();
    count(chunk.length);
    // a sink that is slow must slow the source down, else the proxy is a buffer that no network has
    if (!sink.write(chunk)) {
      source.pause();
      sink.once('drain', () => faults.isStalled || source.resume());
    }
  };
  const flush = () => {
    timer = undefined;
    while (!faults.isStalled) {
      const next = late[0];
      if (!next) break;
      const wait = next.at - performance.now();
      if (wait > 0) {
        timer = setTimeout(flush, Math.ceil(wait));
        return;
      }
      late.shift();
      pass(next.chunk);
    }
    if (isGone && !faults.isStalled) sink.destroy();
  };
  const take = (chunk: Buffer | 'end') => {
    late.push({ chunk, at: performance.now() + faults.delayMs });
    if (!timer) flush();
  };

  source.on('data', take);
  source.on('end', () => take('end'));
  source.on('error', () => {});
  source.on('close', () => {
    isGone = true;
    if (!timer) flush();
  });
  if (faults.isStalled) source.pause();

  return {
    update() {
      if (faults.isStalled) {
        source.pause();
        clearTimeout(timer);
        timer = undefined;
      } else {
        source.resume();
        if (!timer) flush();
      }
    },
    stop() {
      clearTimeout(timer);
      late.length = 0;
    },
  };
}
