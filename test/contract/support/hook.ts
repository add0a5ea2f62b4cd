import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface EventCall {
  path: string;
  headers: Record<string, unknown>;
  body: string;
}
export interface Reply {
  status: number;
  body?: unknown;
}

/** A site's event function: keeps every call, and replies what it was told to. */
export interface Hook {
  url: string;
  /** Replies to the event of this name; all others get 204. */
  reply(event: string, reply: Reply): void;
  /** The calls since the last time, and an end to what `reply` said. */
  take(): EventCall[];
  close(): Promise<void>;
}

export async function startHook(): Promise<Hook> {
  let calls: EventCall[] = [];
  const replies = new Map<string, Reply>();
  const server = createServer(async (request, response) => {
    const body = await text(request);
    calls.push({ path: request.url ?? '', headers: request.headers, body });
    const reply = replies.get(JSON.parse(body).event) ?? { status: 204 };
    const answer = typeof reply.body === 'string' ? reply.body : reply.body && JSON.stringify(reply.body);
    response.writeHead(reply.status, { 'content-type': 'application/json' }).end(answer);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    reply: (event, reply) => replies.set(event, reply),
    take() {
      const taken = calls;
      calls = [];
      replies.clear();
      return taken;
    },
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
