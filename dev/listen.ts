import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type HttpBindings, serve } from '@hono/node-server';

/** A server that listens on this machine. */
export interface Listening {
  url: string;
  close(): Promise<void>;
}

/**
 * Answers a request, knowing the address of the socket that it came on. `Response.error()` is no answer: the connection
 * breaks.
 */
export type Handler = (request: Request, clientAddress: string | undefined) => Response | Promise<Response>;

/**
 * Serves a handler over HTTP.
 * @param options.port 0 for any free one
 * @throws {Error} when the port is in use, naming PORT as the remedy
 */
export function listen(handler: Handler, options: { port?: number; host?: string } = {}): Promise<Listening> {
  const { port = 0, host = '127.0.0.1' } = options;
  const fetch = async (request: Request, bindings: unknown) => {
    const { socket } = (bindings as HttpBindings).incoming;
    const response = await handler(request, socket.remoteAddress);
    if (response.type !== 'error') return response;
    socket.destroy();
    return new Response();
  };
  return new Promise((resolve, reject) => {
    const server = serve({ fetch, port, hostname: host, overrideGlobalObjects: false }) as Server;
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(
        error.code === 'EADDRINUSE' ? new Error(`Port ${port} is in use. Set PORT to another one.`) : error,
      );
    });
    server.once('listening', () => {
      const { port: actual } = server.address() as AddressInfo;
      resolve({
        url: `http://${host.includes(':') ? `[${host}]` : host}:${actual}`,
        close: () => closeServer(server),
      });
    });
  });
}

/** What tunnels and other proxies add. Nothing that it says is believed, only that somebody stands between. */
const proxyFields = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto'];

/** Whether a request came by way of a proxy that says so. */
export function isProxied(headers: Headers): boolean {
  return proxyFields.some((name) => headers.has(name));
}

function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}
