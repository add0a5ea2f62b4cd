import { describe, expect, test } from 'vitest';
import { checkBody } from '../../src/guard/body.ts';
import { createRequestBodies } from '../../src/limits/requestBodies.ts';
import { createManualClock, createUpload, patientBodies, settle } from '../support/bodies.ts';
import { fc } from '../support/property.ts';
import { codeOf } from '../support/rejection.ts';
import { issuer } from '../support/tokens.ts';

const most = 32_768;

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

test('what is not too large can still be sent on, byte for byte', async () => {
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

test('a length that lies helps nobody', async () => {
  const { body } = stream([new Uint8Array(most), new Uint8Array(1)]);
  expect(await codeOf(() => checkBody(requestOf(body, { 'content-length': '2' }), patientBodies))).toBe(
    'body_too_large',
  );
});

test('no more is read of a large body than shows that it is one', async () => {
  const chunks = Array.from({ length: 1000 }, () => new Uint8Array(1024));
  const { body, seen } = stream(chunks);
  expect(await codeOf(() => checkBody(requestOf(body), patientBodies))).toBe('body_too_large');
  expect(seen.pulled).toBeLessThan(36);
});

test('no body is none', async () => {
  const request = new Request(`${issuer}/.netlify/identity/signup`, { method: 'POST' });
  await checkBody(request, patientBodies);
  expect(request.body).toBeNull();
});

test('who breaks off gets no farther', async () => {
  const body = new ReadableStream({ pull: (controller) => controller.error(new Error('gone')) });
  expect(await codeOf(() => checkBody(requestOf(body), patientBodies))).toBe('malformed_request');
});

describe('a caller who stalls', () => {
  function start(bufferBytes = 2 ** 20) {
    const clock = createManualClock();
    const bodies = createRequestBodies({ bufferBytes, idleSeconds: 5, timeoutSeconds: 10, clock });
    return { clock, bodies };
  }

  test('is refused in time, both copies of the body are let go, and nothing is held', async () => {
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

  test('who drips is refused too', async () => {
    const { clock, bodies } = start();
    const { request, send } = createUpload();
    const code = codeOf(() => checkBody(request, bodies));
    for (let second = 0; second < 9; second += 1) {
      await clock.advance(1_000);
      send(1);
    }
    await clock.advance(1_000);
    expect(await code).toBe('request_timeout');
  });

  test('makes room for others once the budget is used up', async () => {
    const { clock, bodies } = start(100_000);
    const stalled = Array.from({ length: 3 }, () => createUpload());
    const codes = stalled.map(({ request }) => codeOf(() => checkBody(request, bodies)));
    for (const { send } of stalled) send(30_000);
    await clock.advance(1_500);
    expect(await codeOf(() => checkBody(requestOf(new Uint8Array(30_000)), bodies))).toBe(
      'nothing was thrown',
    );
    expect(await Promise.race(codes)).toBe('body_budget_exhausted');
    await clock.advance(5_000);
    expect((await Promise.all(codes)).sort()).toEqual([
      'body_budget_exhausted',
      'request_timeout',
      'request_timeout',
    ]);
    expect(bodies.heldBytes).toBe(0);
  });

  test('what is announced as too large is not read', async () => {
    const { bodies } = start();
    const { request, seen } = createUpload({ 'content-length': '32769' });
    expect(await codeOf(() => checkBody(request, bodies))).toBe('body_too_large');
    await expect.poll(() => seen.cancelled).toBe(true);
  });
});
