/** Bodies up to this size are sent whole, with a Content-Length: WSGI servers read a chunked body as empty. */
const bufferedBytes = 1024 * 1024;

/** RFC 9110 §9.2.1, of those that a route lets through. */
const safeMethods = ['GET', 'HEAD', 'OPTIONS'];

/**
 * The body of a request: whole when it is small, else as a stream of what was read and what is to come.
 *
 * Whole means a Blob, though bytes would do elsewhere: when a connection breaks, Deno's fetch sends a request again if
 * its body is bytes or absent, also a POST (denoland/deno pull request 32566), and a Blob only once. So an unsafe
 * method without a body has an empty one.
 * @throws what the stream throws when the caller breaks off
 */
export async function readBody(request: Request): Promise<Blob | ReadableStream<Uint8Array> | null> {
  if (!request.body) return safeMethods.includes(request.method) ? null : new Blob();
  const reader = request.body.getReader();
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  while (length <= bufferedBytes) {
    const { done, value } = await reader.read();
    if (done) return new Blob(chunks);
    chunks.push(value);
    length += value.length;
  }
  return new ReadableStream({
    async pull(controller) {
      const chunk = chunks.shift() ?? (await reader.read()).value;
      if (chunk === undefined) controller.close();
      else controller.enqueue(chunk);
    },
    cancel: (reason) => reader.cancel(reason),
  });
}
