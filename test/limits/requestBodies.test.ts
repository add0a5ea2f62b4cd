import { describe, expect, test } from 'vitest';
import { createRequestBodies } from '../../src/limits/requestBodies.ts';
import type { RequestBody } from '../../src/limits/requestBody.ts';
import { DaypassError } from '../../src/protocol/error.ts';
import { createManualClock, createUpload, settle } from '../support/bodies.ts';
import { fc } from '../support/property.ts';
import { codeOf } from '../support/rejection.ts';

const kib = 1024;

/** An instance that may hold 1 MiB of bodies. */
function start(bufferBytes = 1024 * kib) {
  const clock = createManualClock();
  const bodies = createRequestBodies({ bufferBytes, idleSeconds: 10, timeoutSeconds: 60, clock });
  const codes: string[] = [];
  return {
    clock,
    bodies,
    /** How the reading of each upload ended, in order. */
    codes,
    /** An upload that is read whole. */
    upload(headers?: Record<string, string>) {
      const upload = createUpload(headers);
      const body = bodies.open(upload.request);
      const done = codeOf(() => body.gather(2 ** 24));
      void done.then((code) => codes.push(code));
      return { ...upload, body, done };
    },
  };
}

const gathered = (body: RequestBody) => new Blob(body.gathered()).size;

describe('deadlines', () => {
  test('a caller who sends nothing is refused after 10 s, read no further, and holds nothing', async () => {
    const { clock, bodies, upload } = start();
    const { send, done, seen, body } = upload();
    send(100 * kib);
    await clock.advance(9_999);
    expect(bodies.heldBytes).toBeGreaterThan(0);
    await clock.advance(1);
    expect(await done).toBe('request_timeout');
    expect(bodies.heldBytes).toBe(0);
    body.close();
    await settle();
    expect(seen.cancelled).toBe(true);
    expect(clock.pending).toBe(0);
  });

  test('each byte gives 10 s more, 60 s in all', async () => {
    const { clock, codes, upload } = start();
    const { send, done } = upload();
    for (let second = 0; second < 54; second += 9) {
      await clock.advance(9_000);
      expect(codes).toEqual([]);
      send(1);
    }
    await clock.advance(5_999);
    expect(codes).toEqual([]);
    await clock.advance(1);
    expect(await done).toBe('request_timeout');
  });

  test('a body that is slow but ends in time is read whole', async () => {
    const { clock, upload } = start();
    const { send, end, done, body } = upload();
    for (let second = 0; second < 55; second += 5) {
      send(10);
      await clock.advance(5_000);
    }
    end();
    expect(await done).toBe('nothing was thrown');
    expect(gathered(body)).toBe(110);
  });

  test('time in which the caller is not waited for does not count against it', async () => {
    const { clock, bodies } = start();
    const { request, send, end } = createUpload();
    const body = bodies.open(request);
    send(1);
    expect(await body.next()).toHaveLength(1);
    await clock.advance(3_600_000);
    send(2);
    expect(await body.next()).toHaveLength(2);
    end();
    expect(await body.next()).toBeUndefined();
  });

  test('what arrived while this process was busy is not too late', async () => {
    const bodies = createRequestBodies({ bufferBytes: kib * kib, idleSeconds: 0.05, timeoutSeconds: 60 });
    const { request, send, end } = createUpload();
    const body = bodies.open(request);
    const done = codeOf(() => body.gather(kib));
    await settle();
    // Arrives by an event that comes up while the process does something else.
    setTimeout(() => {
      const until = performance.now() + 100;
      while (performance.now() < until);
      setTimeout(() => {
        send(1);
        end();
      });
    });
    expect(await done).toBe('nothing was thrown');
  });

  test('a caller who breaks off is distinguished from one who is slow', async () => {
    const { bodies, upload } = start();
    const { send, breakOff, done } = upload();
    send(5_000);
    await settle();
    breakOff();
    expect(await done).toBe('malformed_request');
    expect(bodies.heldBytes).toBeGreaterThan(0);
  });
});

describe('memory', () => {
  test('bytes count as they arrive, whatever length was announced', async () => {
    const { bodies, upload } = start();
    const { send } = upload({ 'content-length': '1000000' });
    await settle();
    expect(bodies.heldBytes).toBe(0);
    send(1);
    await settle();
    expect(bodies.heldBytes).toBe(4 * kib);
  });

  test('no more is held than was announced, nor much more than what came', async () => {
    const { bodies, upload } = start();
    const first = upload({ 'content-length': '300' });
    first.send(100);
    await settle();
    expect(bodies.heldBytes).toBe(300);
    const second = upload();
    second.send(200 * kib);
    await settle();
    expect(bodies.heldBytes - 300).toBeLessThanOrEqual(256 * kib);
  });

  test('a body in many small pieces holds as much as one in a few', async () => {
    const { bodies, upload } = start();
    const { send, end, done, body } = upload();
    for (let pieces = 0; pieces < 20_000; pieces += 1) send(1);
    end();
    expect(await done).toBe('nothing was thrown');
    expect(bodies.heldBytes).toBeLessThan(40_000);
    expect(gathered(body)).toBe(20_000);
    body.close();
    expect(bodies.heldBytes).toBe(0);
  });

  test('a copy that is only measured counts what its pieces cost in the other', async () => {
    const { bodies } = start();
    const { request, send, end } = createUpload();
    const body = bodies.open(request);
    const fits = body.measure(2_000);
    for (let pieces = 0; pieces < 1_000; pieces += 1) send(1);
    await settle();
    expect(bodies.heldBytes).toBe(257_000);
    end();
    expect(await fits).toBe(true);
    body.close();
    expect(bodies.heldBytes).toBe(0);
  });

  test('what is gathered comes first, then the rest, and each piece is given back with the next', async () => {
    const { bodies } = start();
    const { request, send, end } = createUpload();
    const body = bodies.open(request);
    send(100 * kib);
    send(100 * kib);
    expect(await body.gather(150 * kib)).toBe(false);
    let length = 0;
    let held = bodies.heldBytes;
    for (let piece = await body.next(); piece; piece = await body.next()) {
      length += piece.length;
      expect(bodies.heldBytes).toBeLessThanOrEqual(held);
      held = bodies.heldBytes;
      if (length === 200 * kib) {
        send(50 * kib);
        end();
        held = Number.POSITIVE_INFINITY;
      }
    }
    expect(length).toBe(250 * kib);
    expect(bodies.heldBytes).toBe(0);
  });

  test('a body that is closed before its end is never taken for a whole one', async () => {
    const { bodies } = start();
    const { request, send } = createUpload();
    const body = bodies.open(request);
    send(10);
    await body.next();
    body.close();
    expect(await codeOf(() => body.next())).toBe('malformed_request');
  });

  test('nor is one that is closed or refused while its last piece is waited for', async () => {
    const { bodies } = start();
    const closed = createUpload();
    const body = bodies.open(closed.request);
    closed.send(10);
    const whole = codeOf(() => body.gather(kib));
    await settle();
    body.close();
    expect(await whole).toBe('malformed_request');

    const refused = createUpload();
    const other = bodies.open(refused.request);
    refused.send(10);
    const end = codeOf(() => other.gather(kib));
    await settle();
    // The end has arrived, and nobody has looked yet.
    refused.end();
    other.refuse(new DaypassError('body_budget_exhausted'));
    expect(await end).toBe('body_budget_exhausted');
    expect(bodies.heldBytes).toBe(0);
  });

  test('the bytes arrive as sent, and never more is held than the budget', async () => {
    const piece = fc.uint8Array({ maxLength: 30_000 });
    const uploads = fc.array(fc.array(piece, { maxLength: 12 }), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(uploads, fc.integer({ min: 20_000, max: 900_000 }), async (all, bufferBytes) => {
        const bodies = createRequestBodies({ bufferBytes, idleSeconds: 10, timeoutSeconds: 60 });
        const ends = all.map(async (pieces) => {
          const whole = new Uint8Array(await new Blob(pieces as Uint8Array<ArrayBuffer>[]).arrayBuffer());
          const rest = [...pieces];
          const stream = new ReadableStream<Uint8Array>({
            pull(controller) {
              expect(bodies.heldBytes).toBeLessThanOrEqual(bufferBytes);
              const next = rest.shift();
              if (next) controller.enqueue(next);
              else controller.close();
            },
          });
          const init = { method: 'POST', body: stream, duplex: 'half' };
          const body = bodies.open(new Request('https://site.example/', init as RequestInit));
          const code = await codeOf(() => body.gather(2 ** 24));
          if (code === 'nothing was thrown') {
            const read = new Uint8Array(await new Blob(body.gathered()).arrayBuffer());
            expect(read).toEqual(whole);
          } else expect(code).toBe('body_budget_exhausted');
          body.close();
        });
        await Promise.all(ends);
        expect(bodies.heldBytes).toBe(0);
      }),
      { numRuns: 100 },
    );
  });
});

describe('once the budget is used up', () => {
  /** Uploads that stop after 100 KiB, as many as the budget takes. */
  async function fill(instance: ReturnType<typeof start>) {
    const uploads = Array.from({ length: 12 }, () => instance.upload());
    for (const { send } of uploads) send(100 * kib);
    await settle();
    return uploads;
  }

  test('the newcomer is refused, with a Retry-After, while no caller is slow', async () => {
    const instance = start();
    const uploads = await fill(instance);
    const outcomes = instance.codes.length;
    expect(outcomes).toBeGreaterThan(0);
    expect(new Set(instance.codes)).toEqual(new Set(['body_budget_exhausted']));
    const refused = uploads.filter(({ body }) => body.failure);
    expect(refused).toHaveLength(outcomes);
    expect(refused[0]?.body.failure).toMatchObject({ status: 503, retryAfterSeconds: 5 });
    // Those that came first are unharmed.
    for (const { send, end } of uploads) {
      send(1);
      end();
    }
    await settle();
    const whole = instance.codes.filter((code) => code === 'nothing was thrown');
    expect(whole).toHaveLength(uploads.length - refused.length);
  });

  test('a small body still gets its place', async () => {
    const instance = start();
    await fill(instance);
    const { send, end, done } = instance.upload();
    send(60 * kib);
    end();
    expect(await done).toBe('nothing was thrown');
  });

  test('an upload that has been silent for a second makes room, the largest first', async () => {
    const instance = start();
    const { clock, bodies, upload } = instance;
    const large = upload();
    large.send(500 * kib);
    const middle = upload();
    middle.send(200 * kib);
    await clock.advance(1_001);
    const next = upload();
    next.send(300 * kib);
    await settle();
    expect(large.body.failure).toMatchObject({ code: 'body_budget_exhausted', status: 503 });
    expect(middle.body.failure).toBeUndefined();
    next.end();
    expect(await next.done).toBe('nothing was thrown');
    expect(gathered(next.body)).toBe(300 * kib);
    expect(bodies.heldBytes).toBeLessThanOrEqual(768 * kib);
  });

  test('so does one that drips, and one that is as fast as it should be does not', async () => {
    const { clock, upload } = start();
    const dripping = upload();
    const alive = upload();
    dripping.send(300 * kib);
    alive.send(300 * kib);
    for (let half = 0; half < 4; half += 1) {
      await clock.advance(500);
      dripping.send(1);
      alive.send(8 * kib);
    }
    await settle();
    const next = upload();
    next.send(300 * kib);
    next.end();
    expect(await next.done).toBe('nothing was thrown');
    expect(dripping.body.failure?.code).toBe('body_budget_exhausted');
    expect(alive.body.failure).toBeUndefined();
  });

  test('a body that is not waited for is not the slow one', async () => {
    const { clock, bodies, upload } = start();
    const handedOver = upload();
    handedOver.send(600 * kib);
    handedOver.end();
    await handedOver.done;
    await clock.advance(5_000);
    const next = upload();
    next.send(600 * kib);
    expect(await next.done).toBe('body_budget_exhausted');
    handedOver.body.close();
    expect(bodies.heldBytes).toBe(0);
  });
});
