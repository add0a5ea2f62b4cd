import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A request as its bytes say. */
export interface RawRequest {
  method: string;
  /** As on the wire: nobody has resolved or decoded it. */
  target: string;
  /** Field lines in order, as spelled. */
  fields: [name: string, value: string][];
  /** Without its framing. */
  body: Buffer;
}

/** The upstream's end of a connection. Text goes out as Latin-1, a byte for each character. */
export interface RawConnection {
  send(bytes: string | Uint8Array): void;
  /** Closes in order. */
  end(): void;
  /** Breaks off: the other side sees a reset. */
  reset(): void;
  /** Resolves once the other side has gone. */
  closed: Promise<unknown>;
}

/** Answers one request of a connection. */
export type RawAnswer = (connection: RawConnection, request: RawRequest) => unknown;

export interface RawUpstream {
  url: URL;
  /** Every request so far, once its body has come. */
  received: RawRequest[];
  /** What it answers from now on. */
  answers(answer: RawAnswer): void;
  close(): Promise<void>;
}

/** Sends bytes as they are, and closes the connection. */
export function bytes(...parts: (string | Uint8Array)[]): RawAnswer {
  return (connection) => {
    for (const part of parts) connection.send(part);
    connection.end();
  };
}

/** An answer with fields and a body of which the length is told. */
export function answer(statusLine: string, fields: readonly string[] = [], body = ''): RawAnswer {
  const head = [`HTTP/1.1 ${statusLine}`, ...fields, `Content-Length: ${body.length}`, 'Connection: close'];
  return bytes(`${head.join('\r\n')}\r\n\r\n${body}`);
}

/** A server of bare sockets on loopback: what no HTTP library would send, it sends. */
export async function startRawUpstream(): Promise<RawUpstream> {
  const received: RawRequest[] = [];
  const sockets = new Set<Socket>();
  let respond: RawAnswer = answer('200 OK', [], '{}');
  const server = createServer(async (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    const closed = closedSocket(socket).then(() => sockets.delete(socket));
    const connection: RawConnection = {
      send: (part) => void socket.write(typeof part === 'string' ? Buffer.from(part, 'latin1') : part),
      end: () => void socket.end(),
      reset: () => void socket.resetAndDestroy(),
      closed,
    };
    const reader = createReader(socket);
    try {
      for (let request = await reader(); request; request = await reader()) {
        received.push(request);
        await respond(connection, request);
      }
    } catch {
      // The caller broke off, or the test has no answer: what waits must not wait for ever.
      socket.destroy();
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    received,
    answers: (next) => {
      respond = next;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/**
 * Sends bytes to a server and reads what it answers until it closes the connection.
 * @param request text is sent as Latin-1
 * @returns the bytes, as Latin-1
 */
export async function exchangeRaw(url: string | URL, ...request: (string | Uint8Array)[]): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  for (const part of request) socket.write(typeof part === 'string' ? Buffer.from(part, 'latin1') : part);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('error', () => undefined);
  await closedSocket(socket);
  return Buffer.concat(chunks).toString('latin1');
}

/** Resolves once the socket is gone, also by an error: `once` of node:events would reject then. */
function closedSocket(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()));
}

/** @returns reads one request after another; undefined at the end of the connection */
function createReader(socket: Socket): () => Promise<RawRequest | undefined> {
  const source = socket[Symbol.asyncIterator]();
  let rest: Buffer = Buffer.alloc(0);

  async function more(): Promise<boolean> {
    const { done, value } = await source.next();
    if (!done) rest = Buffer.concat([rest, value]);
    return !done;
  }
  function take(length: number): Buffer {
    const taken = rest.subarray(0, length);
    rest = rest.subarray(length);
    return taken;
  }
  async function until(mark: string): Promise<string | undefined> {
    while (!rest.includes(mark)) if (!(await more())) return undefined;
    return take(rest.indexOf(mark) + mark.length)
      .subarray(0, -mark.length)
      .toString('latin1');
  }
  async function exactly(length: number): Promise<Buffer> {
    while (rest.length < length) if (!(await more())) throw new Error('The request broke off.');
    return take(length);
  }
  async function chunked(): Promise<Buffer> {
    const chunks: Buffer[] = [];
    for (;;) {
      const length = Number.parseInt((await until('\r\n')) ?? '', 16);
      if (Number.isNaN(length)) throw new Error('The request broke off.');
      chunks.push(await exactly(length));
      await until('\r\n');
      if (length === 0) return Buffer.concat(chunks);
    }
  }
  return async () => {
    const head = await until('\r\n\r\n');
    if (head === undefined) return undefined;
    const [requestLine = '', ...lines] = head.split('\r\n');
    const [method = '', target = ''] = requestLine.split(' ');
    const fields = lines.map((line): [string, string] => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon), line.slice(colon + 1).trim()];
    });
    const fieldOf = (name: string) => fields.find(([field]) => field.toLowerCase() === name)?.[1];
    const body =
      fieldOf('transfer-encoding') === 'chunked'
        ? await chunked()
        : await exactly(Number(fieldOf('content-length') ?? 0));
    return { method, target, fields, body };
  };
}
