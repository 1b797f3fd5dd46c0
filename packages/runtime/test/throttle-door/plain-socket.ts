/** A program that has no client of NATS: its protocol by hand, over a socket. */
import { once } from 'node:events';
import { connect } from 'node:net';

export async function openPlainSocket(url: string) {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.setEncoding('utf8');
  await once(socket, 'connect');
  const inbox = `_INBOX.plain-${process.pid}-${Math.floor(performance.now() * 1_000)}`;
  const waiting = new Map<string, (answer: Record<string, unknown>) => void>();
  let text = '';
  socket.on('data', (chunk: string) => {
    text += chunk;
    for (;;) {
      const end = text.indexOf('\r\n');
      if (end < 0) return;
      const words = text.slice(0, end).split(' ');
      if (words[0] !== 'MSG') {
        text = text.slice(end + 2);
        if (words[0] === 'PING') socket.write('PONG\r\n');
        continue;
      }
      // all that is sent here is ASCII: a byte is a character
      const from = end + 2;
      const length = Number(words.at(-1));
      if (text.length < from + length + 2) return;
      waiting.get(words[1]!)?.(JSON.parse(text.slice(from, from + length)) as Record<string, unknown>);
      text = text.slice(from + length + 2);
    }
  });
  socket.write(`CONNECT {"verbose":false}\r\nSUB ${inbox}.* 1\r\n`);
  let asked = 0;
  return {
    ask(subject: string, body: object): Promise<Record<string, unknown>> {
      const reply = `${inbox}.${asked++}`;
      const payload = JSON.stringify({ v: 1, ...body });
      return new Promise((resolve) => {
        waiting.set(reply, resolve);
        socket.write(`PUB ${subject} ${reply} ${payload.length}\r\n${payload}\r\n`);
      });
    },
    async [Symbol.asyncDispose]() {
      socket.end();
      await once(socket, 'close');
    },
  };
}
