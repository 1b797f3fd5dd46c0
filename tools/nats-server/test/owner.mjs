// A process that owns a server, to be killed by a test. With an argument it guards that process too, and forgets it again.
import { guardProcess, startNatsServer } from '@troupe/nats-server';

const server = await startNatsServer();
if (process.argv[2]) guardProcess(Number(process.argv[2]))();
process.send?.({ pid: server.pid, logFile: server.logFile });
setInterval(() => {}, 1000);
