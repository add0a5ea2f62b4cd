import type { RequestBodies } from '../limits/requestBodies.ts';
import { DaypassError } from '../protocol/error.ts';

/** Far more than the metadata of a member needs. */
const maxBytes = 32 * 1024;

/**
 * Refuses a request with a large body. It reads a copy, and no further than it must, since Content-Length may be absent;
 * the request itself can still be sent on.
 * @throws {DaypassError} `body_too_large`, `request_timeout`, `body_budget_exhausted`; `malformed_request` when the
 * caller broke off
 */
export async function checkBody(request: Request, bodies: RequestBodies): Promise<void> {
  if (!request.body) return;
  const body = bodies.open(request.clone());
  let fits = false;
  try {
    fits = (body.toldBytes ?? 0) <= maxBytes && (await body.measure(maxBytes));
    if (!fits) throw new DaypassError('body_too_large');
  } finally {
    body.close();
    // A copy is let go once both are.
    if (!fits) request.body.cancel().catch(() => undefined);
  }
}
