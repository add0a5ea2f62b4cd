import { createServer as createHttpServer, type ServerResponse } from 'node:http';
import { createServer } from 'node:net';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { forward } from '../../src/gate/forward.ts';
import { readBody } from '../../src/gate/readBody.ts';
import { createRequestBodies } from '../../src/limits/requestBodies.ts';
import type { PolicyInput } from '../../src/policy/types.ts';
import { createManualClock, createUpload, settle } from '../support/bodies.ts';
import { type GateStack, startGateStack } from '../support/gateStack.ts';
import { startUpstream, type Upstream } from '../support/recordingUpstream.ts';
import { codeOf } from '../support/rejection.ts';

const mebibyte = 1024 * 1024;
const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

type Answer = Parameters<typeof startUpstream>[0];

/** A gate with 10 s for a silent caller and 25 s for the upstream, on a clock of the test's own. */
async function start(answer?: Answer) {
  const upstream: Upstream = await startUpstream(answer);
  closers.push(() => upstream.close());
  const clock = createManualClock();
  const bodies = createRequestBodies({
    bufferBytes: 64 * mebibyte,
    idleSeconds: 10,
    timeoutSeconds: 600,
    clock,
  });
  const send = async (request: Request): Promise<Response> => {
    const body = await readBody(request, { bodies, maxBodyBytes: mebibyte, stream: true });
    const options = {
      target: upstream.url,
      upstream: 'DAYPASS_UPSTREAM',
      headers: new Headers(),
      body,
      timeoutSeconds: 25,
      clock,
    };
    return forward(request, options);
  };
  return { upstream, clock, bodies, send };
}

describe('an upload that is slow but alive', () => {
  test('uses up nothing of the upstream`s time, whole or in chunks', async () => {
    const { upstream, clock, bodies, send } = await start();
    for (const bytes of [1000, mebibyte + 1]) {
      const upload = createUpload();
      const response = send(upload.request);
      upload.send(bytes);
      for (let second = 0; second < 120; second += 8) {
        await settle();
        await clock.advance(8_000);
        upload.send(1);
      }
      upload.end();
      expect((await response).status).toBe(200);
      expect(upstream.received.at(-1)?.body).toHaveLength(bytes + 15);
      await expect.poll(() => bodies.heldBytes).toBe(0);
    }
  });

  test('leaves the upstream its whole time once it has ended', async () => {
    const gone = vi.fn();
    const { upstream, clock, bodies, send } = await start((_response, _received, request) =>
      request.socket.once('close', gone),
    );
    for (const bytes of [1000, mebibyte + 1]) {
      const upload = createUpload();
      const code = codeOf(() => send(upload.request));
      upload.send(bytes);
      await settle();
      await clock.advance(9_000);
      upload.end();
      const before = upstream.received.length;
      await expect.poll(() => upstream.received).toHaveLength(before + 1);
      await clock.advance(24_999);
      expect(gone).not.toHaveBeenCalled();
      await clock.advance(1);
      expect(await code).toBe('upstream_timeout');
      expect(bodies.heldBytes).toBe(0);
      await expect.poll(() => gone).toHaveBeenCalled();
      gone.mockClear();
    }
  });
});

describe('an upload that stalls', () => {
  test('is refused before the upstream hears of it, where it is sent whole', async () => {
    const { upstream, clock, bodies, send } = await start();
    const upload = createUpload({ 'content-length': `${mebibyte}` });
    const code = codeOf(() => send(upload.request));
    upload.send(mebibyte - 1);
    await clock.advance(10_000);
    expect(await code).toBe('request_timeout');
    expect(upstream.received).toEqual([]);
    expect(bodies.heldBytes).toBe(0);
    expect(upload.seen.cancelled).toBe(true);
    expect(clock.pending).toBe(0);
  });

  test('is refused, and broken off at the upstream, where it is sent in chunks', async () => {
    const { upstream, clock, bodies, send } = await start();
    const upload = createUpload();
    const code = codeOf(() => send(upload.request));
    upload.send(mebibyte + 1);
    // Until the upstream has taken what came, nobody waits for the caller.
    await expect.poll(() => bodies.heldBytes).toBe(0);
    let isOver = false;
    void code.then(() => {
      isOver = true;
    });
    // When the upstream's part is done, and the caller's time begins, is a matter of the network.
    await expect.poll(() => clock.advance(1000).then(() => isOver)).toBe(true);
    expect(await code).toBe('request_timeout');
    expect(upstream.received).toEqual([]);
    expect(upload.seen.cancelled).toBe(true);
  });

  test('an upstream that does not take what came is the one that is late', async () => {
    const { clock, bodies } = await start();
    const deaf = createServer((socket) => socket.on('error', () => undefined).pause()).listen(0, '127.0.0.1');
    await new Promise((resolve) => deaf.once('listening', resolve));
    closers.push(async () => void deaf.close());
    const upload = createUpload();
    const request = upload.request;
    const target = new URL(`http://127.0.0.1:${(deaf.address() as { port: number }).port}`);
    upload.send(mebibyte + 1);
    const body = await readBody(request, { bodies, maxBodyBytes: mebibyte, stream: true });
    const options = {
      target,
      upstream: 'DAYPASS_UPSTREAM',
      headers: new Headers(),
      body,
      timeoutSeconds: 25,
      clock,
    };
    const code = codeOf(() => forward(request, options));
    for (let sent = 0; sent < 32; sent += 1) upload.send(mebibyte);
    await new Promise((resolve) => setTimeout(resolve, 300));
    await clock.advance(25_000);
    expect(await code).toBe('upstream_timeout');
    expect(bodies.heldBytes).toBe(0);
  });
});

describe('an upstream that answers before it has the body', () => {
  async function startHasty(answer: (response: ServerResponse) => void) {
    const server = createHttpServer((_request, response) => answer(response)).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    closers.push(async () => {
      server.closeAllConnections();
      server.close();
    });
    const target = new URL(`http://127.0.0.1:${(server.address() as { port: number }).port}`);
    const { clock, bodies } = await start();
    const upload = createUpload();
    const controller = new AbortController();
    const request = new Request(upload.request, { signal: controller.signal });
    upload.send(mebibyte + 1);
    const body = await readBody(request, { bodies, maxBodyBytes: mebibyte, stream: true });
    const options = {
      target,
      upstream: 'DAYPASS_UPSTREAM',
      headers: new Headers(),
      body,
      timeoutSeconds: 25,
      clock,
    };
    const response = await forward(request, options);
    return { clock, bodies, upload, controller, response };
  }

  test.each(['read', 'cancelled', 'left by its caller'])(
    'lets go of the body once the answer is %s, however much is still to come',
    async (how) => {
      const { clock, bodies, upload, controller, response } = await startHasty((answer) =>
        answer.writeHead(404).end('no'),
      );
      expect(response.status).toBe(404);
      upload.send(1000);
      await settle();
      upload.send(1000);
      if (how === 'read') expect(await response.text()).toBe('no');
      else if (how === 'cancelled') await response.body?.cancel();
      else controller.abort();
      await expect.poll(() => upload.seen.cancelled).toBe(true);
      expect(bodies.heldBytes).toBe(0);
      expect(clock.pending).toBe(0);
    },
  );

  test('has its time for each piece, and then the body is let go; the answer goes on', async () => {
    let answer: ServerResponse | undefined;
    const { clock, bodies, upload, response } = await startHasty((given) => {
      answer = given;
      given.writeHead(200).write('first');
    });
    const reader = response.body?.getReader();
    const read = async () => new TextDecoder().decode((await reader?.read())?.value);
    expect(await read()).toBe('first');
    for (let sent = 0; sent < 32; sent += 1) upload.send(mebibyte);
    await expect.poll(() => clock.advance(1000).then(() => upload.seen.cancelled)).toBe(true);
    expect(bodies.heldBytes).toBe(0);
    answer?.write('second');
    expect(await read()).toBe('second');
    await reader?.cancel();
  });
});

describe('at the gate', () => {
  async function gate(policy: PolicyInput): Promise<GateStack> {
    const stack = await startGateStack({ policy });
    closers.push(() => stack.close());
    return stack;
  }
  const stalled = (bytes: number, headers: Record<string, string> = {}) => {
    const upload = createUpload();
    upload.send(bytes);
    return { method: 'POST', body: upload.request.body, duplex: 'half', headers } as RequestInit;
  };

  test.each([true, false])(
    'a stalled upload gets 408, also where no pass is asked (verify: %s)',
    async (verify) => {
      const stack = await gate({
        routes: [{ path: '/api/*', verify }],
        requestBody: { timeoutSeconds: 1 },
      });
      const response = await stack.call('/api/x', stalled(5_000));
      expect(response.status).toBe(408);
      expect(await response.json()).toMatchObject({ title: 'Request Timeout', code: 'request_timeout' });
      // The call counted.
      expect(response.headers.get('ratelimit')).not.toBeNull();
      expect(stack.received).toEqual([]);
    },
  );

  test('token and limits come before the body: who is refused is not waited for', async () => {
    const stack = await gate({
      limits: { session: { limit: 1, windowSeconds: 3600, algorithm: 'fixed-window' } },
    });
    expect((await stack.request('/api/x', stalled(1))).status).toBe(401);
    const token = await stack.mint();
    await stack.call('/api/x', { token });
    expect((await stack.call('/api/x', { token, ...stalled(1) })).status).toBe(429);
  });

  test('beyond the budget: 503 with Retry-After, and calls without a body pass', async () => {
    const policy = {
      upstream: { maxBodyBytes: 500_000 },
      requestBody: { bufferBytes: mebibyte, timeoutSeconds: 1 },
    };
    const stack = await gate(policy);
    const uploads = Array.from({ length: 4 }, () => stack.call('/api/x', stalled(400_000)));
    expect((await stack.call('/api/x')).status).toBe(200);
    expect((await stack.call('/api/x', { method: 'POST', body: 'a form' })).status).toBe(200);
    const responses = await Promise.all(uploads);
    const statuses = responses.map(({ status }) => status).sort();
    expect(statuses).toEqual([408, 503, 503, 503]);
    const refused = responses.find(({ status }) => status === 503);
    expect(refused?.headers.get('retry-after')).toBe('5');
    expect(await refused?.json()).toMatchObject({ code: 'body_budget_exhausted' });
  });

  test('a body above upstream.maxBodyBytes gets 413, which names the setting, with and without a length', async () => {
    const stack = await gate({ upstream: { maxBodyBytes: 1000 } });
    for (const init of [{ method: 'POST', body: 'x'.repeat(1001) }, stalled(1001)]) {
      const response = await stack.call('/api/x', init);
      expect(response.status).toBe(413);
      const problem = { title: 'Content Too Large', code: 'content_too_large' };
      expect(await response.json()).toMatchObject({
        ...problem,
        detail: expect.stringMatching(/upstream\.maxBodyBytes.* 1000 /),
      });
    }
    expect(stack.received).toEqual([]);
    expect((await stack.call('/api/x', { method: 'POST', body: 'x'.repeat(1000) })).status).toBe(200);
  });

  test('where the upstream takes chunks, a larger body goes on all the same', async () => {
    const stack = await gate({ upstream: { maxBodyBytes: 1000, stream: true } });
    const body = 'x'.repeat(5000);
    const init = { method: 'POST', body: new Blob([body]).stream(), duplex: 'half' } as RequestInit;
    expect((await stack.call('/api/x', init)).status).toBe(200);
    expect((await stack.call('/api/x', { method: 'POST', body })).status).toBe(200);
    expect(stack.received.map((each) => each.body.toString())).toEqual([body, body]);
    expect(stack.received[0]?.headers['transfer-encoding']).toBe('chunked');
  });
});
