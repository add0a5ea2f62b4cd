import type { IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';

/**
 * Hands a connection that is to be a WebSocket to a dev server, as it came, so that its hot reload works.
 * @param head what came after the request
 * @param target its origin
 */
export function proxyUpgrade(request: IncomingMessage, socket: Socket, head: Buffer, target: string): void {
  const { hostname, port } = new URL(target);
  const other = connect({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 80) });
  // Either may go at any time; then both do.
  for (const [one, another] of [
    [socket, other],
    [other, socket],
  ] as const) {
    one.on('error', () => another.destroy());
    one.on('close', () => another.destroy());
  }
  const { method, url, rawHeaders } = request;
  const fields = rawHeaders.flatMap((name, index) =>
    index % 2 === 0 ? [`${name}: ${rawHeaders[index + 1]}`] : [],
  );
  other.write(`${[`${method} ${url} HTTP/1.1`, ...fields].join('\r\n')}\r\n\r\n`);
  other.write(head);
  socket.pipe(other).pipe(socket);
}
