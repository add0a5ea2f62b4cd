import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What an upstream received, whole. */
export interface Received {
  method: string;
  url: string;
  headers: IncomingMessage['headers'];
  rawHeaders: string[];
  body: Buffer;
}

export interface Upstream {
  url: URL;
  /** Every request so far, in order, once its body has come. */
  received: Received[];
  close(): Promise<void>;
}

type Answer = (response: ServerResponse, received: Received, request: IncomingMessage) => void;

/** A real HTTP server on loopback that records what it gets and answers as told. */
export async function startUpstream(answer: Answer = (response) => response.end('{}')): Promise<Upstream> {
  const received: Received[] = [];
  const server = createServer(async (request, response) => {
    try {
      const chunks = await request.toArray();
      const { method = '', url = '', headers, rawHeaders } = request;
      const whole = { method, url, headers, rawHeaders, body: Buffer.concat(chunks) };
      received.push(whole);
      answer(response, whole, request);
    } catch {
      // The caller broke off: nobody is left to answer.
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    received,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
