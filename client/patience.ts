/**
 * How long one request for a token may take. Identity asks the site's event functions up to three times, five
 * seconds each, before it answers.
 */
const requestTimeoutSeconds = 20;

/** Ends a request that nothing answers, so that no tab waits for it for ever. */
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
