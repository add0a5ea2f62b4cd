import { DaypassError } from '../protocol/error.ts';

/** Far more than the metadata of a member needs. */
const mostBytes = 32 * 1024;

/**
 * Refuses a request with a large body. It reads a copy, and no further than it must, since Content-Length may be absent;
 * the request itself can still be sent on.
 * @throws {DaypassError} `body_too_large`; `malformed_request` when the caller broke off
 */
export async function checkBody(request: Request): Promise<void> {
  const reader = request.clone().body?.getReader();
  let length = 0;
  while (reader) {
    const { done, value } = await reader.read().catch((cause) => {
      throw new DaypassError('malformed_request', { detail: 'The request broke off.', cause });
    });
    if (done) return;
    length += value.length;
    if (length > mostBytes) {
      // Nobody waits: it is done when the other copy is, and that one is nobody's.
      void reader.cancel();
      throw new DaypassError('body_too_large');
    }
  }
}
