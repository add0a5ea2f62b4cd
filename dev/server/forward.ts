import { Agent, type IncomingMessage, request as startRequest } from 'node:http';
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';

/** Only for one hop (RFC 9110 §7.6.1). */
const hopFields = ['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding'];

/** Statuses whose answer has no body (Fetch standard, "null body status"). */
const withoutBody = [101, 204, 205, 304];

const agent = new Agent({ keepAlive: true });

/**
 * Sends a request on to a server of this machine, and hands its answer back as it came: neither decoded nor followed,
 * streamed both ways. Node's own fetch would decode a body and take Content-Encoding for granted.
 * @param origin where that server listens
 * @param fields header fields that only we may set
 * @param onOver called once the answer is over, or the connection broke
 * @returns the answer; `Response.error()` when the connection broke before there was one
 */
export function forward(
  request: Request,
  origin: string,
  fields: Readonly<Record<string, string>>,
  onOver: () => void = () => undefined,
): Promise<Response> {
  const { pathname, search } = new URL(request.url);
  const headers: Record<string, string> = { ...Object.fromEntries(request.headers), ...fields };
  for (const name of hopFields) delete headers[name];
  // A body that Fetch does not have, of a GET for instance, would be waited for.
  if (!request.body) delete headers['content-length'];
  return new Promise((resolve) => {
    const sent = startRequest(origin + pathname + search, { method: request.method, headers, agent });
    const cut = () => sent.destroy();
    request.signal.addEventListener('abort', cut, { once: true });
    sent.on('response', (answer) => {
      answer.on('close', () => request.signal.removeEventListener('abort', cut));
      resolve(responseOf(answer, request.method));
    });
    sent.on('close', onOver);
    // After the answer has begun this settles nothing: its body's own error says so then.
    sent.on('error', () => resolve(Response.error()));
    if (!request.body) {
      sent.end();
      return;
    }
    const body = Readable.fromWeb(request.body as ReadableStream);
    body.on('error', cut);
    // An answer may come before the body is over: the rest is not read then.
    sent.on('close', () => body.destroy());
    body.pipe(sent);
  });
}

function responseOf(answer: IncomingMessage, method: string): Response {
  const { statusCode: status = 502, statusMessage: statusText = '', rawHeaders } = answer;
  const headers = new Headers();
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    if (!hopFields.includes(name.toLowerCase())) headers.append(name, rawHeaders[index + 1] ?? '');
  }
  const isEmpty = method === 'HEAD' || withoutBody.includes(status);
  if (isEmpty) answer.resume();
  const body = isEmpty ? null : (Readable.toWeb(answer) as unknown as BodyInit);
  return new Response(body, { status, statusText, headers });
}
