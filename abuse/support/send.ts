import { Agent, type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from 'node:http';

export interface SendOptions {
  method?: string;
  headers?: OutgoingHttpHeaders;
  body?: string | URLSearchParams;
  /** The address of this machine to call from, of 127.0.0.0/8. */
  from?: string;
}

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  /** Names and values in turn, as they came. */
  rawHeaders: readonly string[];
  text: string;
}

const agent = new Agent({ keepAlive: true });

/**
 * Sends a request with any header fields, from any address of this machine: fetch allows neither.
 * @throws Error when the connection breaks
 */
export async function send(url: string, options: SendOptions = {}): Promise<Answer> {
  try {
    return await sendOnce(url, options);
  } catch (error) {
    // The server had ended an idle connection just when it was used again: it has seen nothing.
    if (error instanceof StaleConnection) return sendOnce(url, options);
    throw error;
  }
}

class StaleConnection extends Error {}

function sendOnce(url: string, options: SendOptions): Promise<Answer> {
  const { method = 'GET', body, from } = options;
  const isForm = body instanceof URLSearchParams;
  const text = body?.toString();
  const headers: OutgoingHttpHeaders = {
    ...(isForm && { 'content-type': 'application/x-www-form-urlencoded' }),
    ...(text !== undefined && { 'content-length': Buffer.byteLength(text) }),
    ...options.headers,
  };
  return new Promise((resolve, reject) => {
    // Of a thousand addresses none would use its connection again.
    const connection = from === undefined ? { agent } : { agent: false, localAddress: from };
    const call = request(url, { ...connection, method, headers });
    call.on('response', (response) => {
      const { statusCode: status = 0, headers, rawHeaders } = response;
      response
        .toArray()
        .then(
          (chunks) => resolve({ status, headers, rawHeaders, text: Buffer.concat(chunks).toString() }),
          reject,
        );
    });
    call.on('error', (error: NodeJS.ErrnoException) => {
      const isStale = call.reusedSocket && error.code === 'ECONNRESET';
      reject(isStale ? new StaleConnection(error.message) : error);
    });
    call.end(text);
  });
}

/** What a refusal is about: the status, and the code that it carries. */
export function outcomeOf({ status, text }: Pick<Answer, 'status' | 'text'>): string {
  const code = /"(?:error_)?code":"(\w+)"/.exec(text)?.[1];
  return code === undefined ? `${status}` : `${status} ${code}`;
}
