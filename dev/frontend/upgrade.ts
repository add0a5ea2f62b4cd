import type { IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';

/**
 * Hands a connection that is to be a WebSocket to a dev server, as it came, so that its hot reload works. One that came
 * through the tunnel is sent with the dev server's own `Host`, as pages are.
 * @param head what came after the request
 * @param target its origin
 * @param publicUrl where visitors see the site through a tunnel: its origin
 */
export function proxyUpgrade(
  request: IncomingMessage,
  socket: Socket,
  head: Buffer,
  target: string,
  publicUrl: string | undefined,
): void {
  const { host, hostname, port } = new URL(target);
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
  const isTunnelled =
    publicUrl !== undefined && request.headers.host?.toLowerCase() === new URL(publicUrl).host;
  const fields = rawHeaders.flatMap((name, index) => {
    if (index % 2 !== 0) return [];
    return [`${name}: ${isTunnelled && name.toLowerCase() === 'host' ? host : rawHeaders[index + 1]}`];
  });
  other.write(`${[`${method} ${url} HTTP/1.1`, ...fields].join('\r\n')}\r\n\r\n`);
  other.write(head);
  socket.pipe(other).pipe(socket);
}
