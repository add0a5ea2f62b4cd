import { type Fetch, isStatus, UnknownStatus } from '../gate/forward.ts';

/**
 * A fetch that hands over the bytes of an answer as they came, where the runtime's own cannot: Node's decodes by
 * `Content-Encoding` even a part (206), of which it makes nothing; Deno's does not touch answers to `Range`.
 * For requests without a body.
 * @returns undefined where the runtime's own will do
 */
export function fetchUndecoded(userAgent = globalThis.navigator?.userAgent ?? ''): Fetch | undefined {
  return userAgent.startsWith('Node.js/') ? fetchWithNode : undefined;
}

const fetchWithNode: Fetch = async (target, { method = 'GET', headers, signal }) => {
  // Not at the top: this file is part of what runs at the edge.
  const [http, https, { Readable }] = await Promise.all([
    import('node:http'),
    import('node:https'),
    import('node:stream'),
  ]);
  const { request } = target.protocol === 'https:' ? https : http;
  const fields = Object.fromEntries(new Headers(headers));
  return new Promise((resolve, reject) => {
    // A connection of its own: one that is kept may be closed by now, and nothing here sends again.
    const options = { method, headers: fields, agent: false, ...(signal && { signal }) };
    const sent = request(target, options, (message) => {
      try {
        resolve(toResponse(message));
      } catch (error) {
        message.destroy();
        reject(error);
      }
    });
    sent.on('error', reject);
    // Otherwise Node would close the connection and report neither an answer nor an error.
    sent.on('upgrade', ({ statusCode = 101 }, socket) => {
      socket.destroy();
      reject(new UnknownStatus(statusCode));
    });
    sent.on('close', () => reject(new TypeError('The connection closed before an answer came.')));
    sent.end();

    function toResponse(message: InstanceType<typeof http.IncomingMessage>): Response {
      const received = new Headers();
      for (let index = 0; index < message.rawHeaders.length; index += 2) {
        received.append(message.rawHeaders[index] ?? '', message.rawHeaders[index + 1] ?? '');
      }
      const { statusCode: status = 0, statusMessage: statusText = '' } = message;
      if (!isStatus(status)) throw new UnknownStatus(status);
      const isEmpty = method === 'HEAD' || [204, 205, 304].includes(status);
      if (isEmpty) message.resume();
      const body = isEmpty ? null : (Readable.toWeb(message) as ReadableStream<Uint8Array>);
      return new Response(body, { status, statusText, headers: received });
    }
  });
};
