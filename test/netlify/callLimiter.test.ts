import { expect, test, vi } from 'vitest';
import type { ExpressRequest, ExpressResponse } from '../../src/http/expressMiddleware.ts';
import { createCallLimiter } from '../../src/netlify/callLimiter.ts';
import { requireAccessToken } from '../../src/package/express.ts';
import { noCallLimits } from '../../src/policy/limits.ts';
import { goodClaims, goodHeader, issuer, now, secret, sign } from '../support/tokens.ts';

// What counts a backend's calls is loaded at its first call, and that may fail: a file that is being replaced, too many open
// files. Here the key cannot be made.

const keys = vi.hoisted(() => ({ failures: 0 }));
vi.mock('../../src/token/keys.ts', async (importOriginal) => {
  const original = await importOriginal<typeof import('../../src/token/keys.ts')>();
  return {
    ...original,
    createBackendHash(secret: string) {
      keys.failures -= 1;
      if (keys.failures >= 0) throw new Error('EMFILE');
      return original.createBackendHash(secret);
    },
  };
});
const hour = { limit: 2, windowSeconds: 3600, algorithm: 'fixed-window' as const };

test('only the call whose limiter cannot be loaded fails: flush never throws, and the next call loads it', async () => {
  keys.failures = 2;
  const limits = { ...noCallLimits, total: [hour] };
  const given = { limits, path: 'chat', owner: 'backend', cost: 1, leaseSeconds: 1 } as const;
  const limiter = createCallLimiter(
    { ...given, storeFailure: 'local', redis: undefined, secret },
    () => undefined,
  );
  const caller = { issuer, subject: 'one' } as Parameters<typeof limiter.checkSession>[0];
  const call = () => limiter.checkSession(caller, undefined);
  const failed = await Promise.allSettled([call(), limiter.flush(), call(), limiter.flush()]);
  expect(failed.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'rejected', 'fulfilled']);
  await expect(call()).rejects.toThrow('EMFILE');
  await limiter.flush();
  expect((await call()).decisions).toMatchObject([{ remaining: 1 }]);
  expect((await call()).decisions).toMatchObject([{ remaining: 0 }]);
  await expect(call()).rejects.toMatchObject({ code: 'rate_limited' });
  await limiter.flush();
});

test('Express gets the error, and the process goes on', async () => {
  keys.failures = 1;
  const check = requireAccessToken({
    secret,
    issuer,
    now: () => now * 1000,
    name: 'chat',
    limits: { total: hour },
  });
  const response = {
    statusCode: 200,
    hasHeader: () => false,
    getHeader: () => undefined,
    setHeader: () => undefined,
  };
  const request: ExpressRequest = {
    headers: { authorization: `Bearer ${await sign(goodHeader, goodClaims)}` },
  };
  const passed: unknown[] = [];
  const call = () =>
    check(request, response as unknown as ExpressResponse, (error) => void passed.push(error));
  await call();
  await call();
  // An unhandled rejection fails the run.
  await new Promise((resolve) => setTimeout(resolve));
  expect(passed).toEqual([new Error('EMFILE'), undefined]);
});
