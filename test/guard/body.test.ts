import { describe, expect, test } from 'vitest';
import { createGuard, type GuardLimiters } from '../../src/guard/guard.ts';
import { createRequestBodies, type RequestBodies } from '../../src/limits/requestBodies.ts';
import { createManualClock, createUpload, patientBodies, settle } from '../support/bodies.ts';
import { fc } from '../support/property.ts';
import { codeOf } from '../support/rejection.ts';
import { issuer } from '../support/tokens.ts';

const most = 32_768;

/** Passes a request through a guard, to an endpoint that no limit counts. */
const checkBody = (request: Request, bodies: RequestBodies) =>
  createGuard({
    hashIdentifier: async (identifier) => identifier,
    limiters: {} as GuardLimiters,
    localLimiters: {} as GuardLimiters,
    circuit: { run: (call) => call() },
    bodies,
    membersDenied: false,
    audience: '',
    log: () => undefined,
  })(request, '/verify', { address: undefined });

function requestOf(body: NonNullable<RequestInit['body']>, headers: Record<string, string> = {}): Request {
  const init = { method: 'POST', headers, body, duplex: 'half' };
  return new Request(`${issuer}/.netlify/identity/signup`, init as RequestInit);
}

/** A body without a length, and how many chunks of it were read. */
function stream(chunks: readonly Uint8Array[]) {
  const seen = { pulled: 0 };
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const chunk = chunks[seen.pulled];
        seen.pulled += 1;
        if (chunk) controller.enqueue(chunk);
        else controller.close();
      },
    },
    { highWaterMark: 0 },
  );
  return { body, seen };
}

test('a body that is not too large can still be sent on, byte for byte', async () => {
  const chunk = fc.uint8Array({ maxLength: 9000 });
  await fc.assert(
    fc.asyncProperty(fc.array(chunk, { maxLength: 12 }), fc.boolean(), async (chunks, whole) => {
      const bytes = new Uint8Array(await new Blob(chunks as Uint8Array<ArrayBuffer>[]).arrayBuffer());
      const request = requestOf(whole ? bytes : stream(chunks).body);
      const code = await codeOf(() => checkBody(request, patientBodies));
      expect(code).toBe(bytes.length > most ? 'body_too_large' : 'nothing was thrown');
      if (bytes.length > most) return;
      expect(request.bodyUsed).toBe(false);
      expect(new Uint8Array(await request.arrayBuffer())).toEqual(bytes);
    }),
    { numRuns: 60 },
  );
});

test.each([
  [most, 'nothing was thrown'],
  [most + 1, 'body_too_large'],
])('%i bytes: %s, with a length and without', async (length, expected) => {
  const bytes = new Uint8Array(length).fill(0xff);
  expect(await codeOf(() => checkBody(requestOf(bytes), patientBodies))).toBe(expected);
  const chunks = [
    bytes.slice(0, most - 1),
    ...Array.from(bytes.slice(most - 1), (byte) => Uint8Array.of(byte)),
  ];
  expect(await codeOf(() => checkBody(requestOf(stream(chunks).body), patientBodies))).toBe(expected);
});

test('a wrong Content-Length does not help', async () => {
  const { body } = stream([new Uint8Array(most), new Uint8Array(1)]);
  expect(await codeOf(() => checkBody(requestOf(body, { 'content-length': '2' }), patientBodies))).toBe(
    'body_too_large',
  );
});

test('a large body is not read further than needed', async () => {
  const chunks = Array.from({ length: 1000 }, () => new Uint8Array(1024));
  const { body, seen } = stream(chunks);
  expect(await codeOf(() => checkBody(requestOf(body), patientBodies))).toBe('body_too_large');
  expect(seen.pulled).toBeLessThan(36);
});

test('a request without a body passes', async () => {
  const request = new Request(`${issuer}/.netlify/identity/signup`, { method: 'POST' });
  await checkBody(request, patientBodies);
  expect(request.body).toBeNull();
});

describe('a caller who stalls', () => {
  function start() {
    const clock = createManualClock();
    const bodies = createRequestBodies({ bufferBytes: 2 ** 20, idleSeconds: 5, timeoutSeconds: 10, clock });
    return { clock, bodies };
  }

  test('is refused after the deadline, and both copies of the body are released', async () => {
    const { clock, bodies } = start();
    const { request, send, seen } = createUpload({ 'content-length': '1000' });
    const code = codeOf(() => checkBody(request, bodies));
    send(999);
    await settle();
    expect(bodies.heldBytes).toBeGreaterThan(999);
    await clock.advance(5_000);
    expect(await code).toBe('request_timeout');
    expect(bodies.heldBytes).toBe(0);
    await expect.poll(() => seen.cancelled).toBe(true);
  });

  test('a body announced as too large is not read', async () => {
    const { bodies } = start();
    const { request, seen } = createUpload({ 'content-length': '32769' });
    expect(await codeOf(() => checkBody(request, bodies))).toBe('body_too_large');
    await expect.poll(() => seen.cancelled).toBe(true);
  });
});
