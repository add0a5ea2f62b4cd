import { SessionError, toSessionError } from './errors.ts';
import type { Prove } from './options.ts';

/**
 * How long one request for a token may take. Identity calls the site's event functions up to three times, five
 * seconds each, before it answers.
 */
const requestTimeoutSeconds = 20;

/** Aborts a request without an answer, so that no tab waits for it for ever. */
export function requestTimeout(): AbortSignal {
  const milliseconds = requestTimeoutSeconds * 1000;
  const signal = AbortSignal.timeout?.(milliseconds);
  if (signal) return signal;
  // Safari before 16.
  const controller = new AbortController();
  setTimeout(() => controller.abort(), milliseconds);
  return controller.signal;
}

/** Waits; in a frozen tab, or on a machine that sleeps, until it goes on. */
export function wait(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}

const maxWaitSeconds = 60;
/** Caps `Retry-After`, so that a server mistake cannot lock the page out. */
const maxRetryAfterSeconds = 3600;

/**
 * RFC 9110 §10.2.3: seconds, or an HTTP date.
 * @returns seconds from now; undefined when there is nothing to wait for
 */
export function readRetryAfter(field: string | null): number | undefined {
  const seconds = Number(field);
  return Math.max(0, seconds >= 0 ? seconds : (Date.parse(`${field}`) - Date.now()) / 1000) || undefined;
}

/**
 * Runs attempts, failing fast during back-off. The wait doubles with each failure in a row, between half and all of
 * 1, 2, 4 … 60 seconds, or is the server's `Retry-After` if that is longer. Until it is over, attempts fail at once with
 * the same code and the seconds left. A wait caused by a network failure ends once the browser is online again.
 * @param onFailure called for each attempt that was made and failed
 * @param prove how the page makes proofs, for the failure's remedy
 */
export function createBackoff(onFailure: (error: SessionError) => void, prove?: Prove) {
  let failures = 0;
  let last: SessionError;
  let waitSeconds = 0;
  let until = 0;

  const later = (seconds: number) =>
    new SessionError(last.reason, { ...last, retryAfterSeconds: Math.ceil(seconds), prove });

  const onOnline = () => {
    if (last.code === 'network_error') until = 0;
  };

  return async <T>(attempt: () => Promise<T>): Promise<T> => {
    const left = (until - Date.now()) / 1000;
    // More left than was to be waited: the clock was set back.
    if (left > 0 && left <= waitSeconds) throw later(left);
    try {
      const result = await attempt();
      failures = until = 0;
      return result;
    } catch (error) {
      last = toSessionError(error, 'unexpected_error');
      waitSeconds = Math.max(
        Math.min(maxRetryAfterSeconds, last.retryAfterSeconds ?? 0),
        Math.min(maxWaitSeconds, 2 ** failures) * (0.5 + Math.random() / 2),
      );
      failures += 1;
      until = Date.now() + waitSeconds * 1000;
      last = later(waitSeconds);
      // Where there is no such event (Node), the wait runs its time. Adding the same function again adds nothing.
      globalThis.addEventListener?.('online', onOnline);
      onFailure(last);
      throw last;
    }
  };
}
