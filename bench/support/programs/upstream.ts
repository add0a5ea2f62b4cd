import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { ready } from './serve.ts';

// The API behind gate and proxy: always the same small answer, BENCH_DELAY_MILLISECONDS later.

const { BENCH_BODY: body = '', BENCH_DELAY_MILLISECONDS: wait = '0' } = process.env;
const waitMilliseconds = Number(wait);

const server = createServer(async (_request, response) => {
  if (waitMilliseconds > 0) await delay(waitMilliseconds);
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
  response.end(body);
});
// The gate keeps connections between rounds.
server.keepAliveTimeout = 60_000;
server.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 });
await once(server, 'listening');
ready(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
