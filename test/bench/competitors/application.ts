import http from 'node:http';
import type { AddressInfo } from 'node:net';

/** The least that an application of a branch can do in Node. Prints its port; ends with its standard input. */
const server = http.createServer((_request, response) => {
  response.writeHead(200, { 'Content-Type': 'text/plain' }).end('The application of a branch.\n');
});
server.keepAliveTimeout = 650_000;
server.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 }, () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
});
process.stdin.on('end', () => process.exit()).resume();
