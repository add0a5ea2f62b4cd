import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { getRequestListener, type HttpBindings } from '@hono/node-server';

/** A server that listens on this machine. */
export interface Listening {
  url: string;
  /** Stops listening and cuts the connections that are open. May be called twice. */
  close(): Promise<void>;
}

/**
 * Answers a request, knowing the address of the socket that it came on. `Response.error()` is no answer: the connection
 * breaks.
 */
export type Handler = (request: Request, clientAddress: string | undefined) => Response | Promise<Response>;

export interface ListenOptions {
  /** 0, the default, takes any free one. */
  port?: number;
  /** Default: 127.0.0.1. */
  host?: string;
  /**
   * Takes a connection that is to speak another protocol, such as WebSocket, by returning true; others are requests as any.
   * @param head what came after the request
   */
  takeUpgrade?(request: IncomingMessage, socket: Socket, head: Buffer): boolean;
}

/**
 * Serves a handler over HTTP.
 * @throws {Error} with code `EADDRINUSE` when the port is in use
 */
export function listen(handler: Handler, options: ListenOptions = {}): Promise<Listening> {
  const fetch = async (request: Request, bindings: unknown) => {
    const { socket } = (bindings as HttpBindings).incoming;
    const response = await handler(request, socket.remoteAddress);
    if (response.type !== 'error') return response;
    socket.destroy();
    return new Response();
  };
  const answer = getRequestListener(fetch, { overrideGlobalObjects: false });
  return startHttpServer((request, response) => {
    if (!forbiddenMethods.includes(request.method ?? '')) return answer(request, response);
    response.writeHead(405, { allow: usualMethods }).end();
  }, options);
}

/** No Request can have these (Fetch standard, forbidden method). */
const forbiddenMethods = ['CONNECT', 'TRACE', 'TRACK'];

/** What a 405 must name (RFC 9110 §15.5.6); the sites behind refuse some of them in turn. */
const usualMethods = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS';

async function startHttpServer(
  listener: RequestListener,
  { port = 0, host = '127.0.0.1', takeUpgrade }: ListenOptions,
): Promise<Listening> {
  const server = createServer(listener);
  /** The server no longer knows of these. */
  const upgraded = new Set<Socket>();
  if (takeUpgrade) {
    server.on('upgrade', (request, socket: Socket, head) => {
      if (takeUpgrade(request, socket, head)) {
        upgraded.add(socket);
        socket.on('close', () => upgraded.delete(socket));
        return;
      }
      const response = new ServerResponse(request);
      response.assignSocket(socket);
      // Nothing reads a second request from this connection.
      response.shouldKeepAlive = false;
      response.on('finish', () => socket.end());
      server.emit('request', request, response);
    });
  }
  // Callers keep connections for long: without this, one that is idle is cut just as a request comes in.
  server.keepAliveTimeout = 60_000;
  // Node's own backlog of 511 makes the rest of a thousand callers try again a second later.
  server.listen({ port, host, backlog: 4_096 });
  await once(server, 'listening').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE') throw error;
    throw Object.assign(new Error(`Port ${port} on ${host} is in use. Set PORT to another one.`), {
      code: error.code,
    });
  });
  const { port: actual } = server.address() as AddressInfo;
  let closed: Promise<unknown> | undefined;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${actual}`,
    async close() {
      if (!closed) {
        closed = once(server, 'close');
        server.close();
        server.closeAllConnections();
        for (const socket of upgraded) socket.destroy();
      }
      await closed;
    },
  };
}

/** What tunnels and other proxies add. Nothing that it says is believed, only that somebody stands between. */
const proxyFields = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto'];

/** Whether a request came by way of a proxy that says so. */
export function isProxied(headers: Headers): boolean {
  return proxyFields.some((name) => headers.has(name));
}
