// The one error of the search for a server, and the text that tells a human what to do about it.

/** You see this when no nats-server that is new enough is on this machine and none could be brought. */
export class NatsServerUnavailable extends Error {
  code = 'nats_server_unavailable';

  /** @param {string} summary @param {readonly string[]} [attempts] what was tried and why it did not do, one line each */
  constructor(summary, attempts = []) {
    super([summary, ...attempts.map((line) => `  - ${line}`), ...advice].join('\n'));
    this.name = 'NatsServerUnavailable';
    this.attempts = attempts;
  }
}

const advice = [
  'What helps, any one of these:',
  '  - install it: `brew install nats-server` (macOS), `apt-get install nats-server` (Debian 14 and later), or an archive of',
  '    https://github.com/nats-io/nats-server/releases, and put the binary on PATH',
  '  - have it elsewhere: NATS_SERVER=/path/to/nats-server',
  '  - take it from the image: docker create --name n nats:2.15 && docker cp n:/nats-server . && docker rm n',
];
