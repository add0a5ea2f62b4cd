/**
 * How long one request for a token may take. Identity asks the site's event functions up to three times, five
 * seconds each, before it answers.
 */
const requestTimeoutSeconds = 20;

/** Ends a request that nothing answers, so that no tab waits for it for ever. */
export function requestTimeout(): AbortSignal {
  return AbortSignal.timeout(requestTimeoutSeconds * 1000);
}

/** Waits; in a frozen tab, or on a machine that sleeps, until it goes on. */
export function wait(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}
