import { errors } from '@upstash/redis/cloudflare';
import { describe, expect, test, vi } from 'vitest';
import { DaypassError } from '../../src/protocol/error.ts';
import { type Circuit, createCircuit } from '../../src/store/circuit.ts';
import { storeCall } from '../../src/store/redis.ts';
import { createManualTime } from '../support/manualTime.ts';
import { codeOf } from '../support/rejection.ts';

/** Lets promises settle. */
const settle = () => new Promise((resolve) => setTimeout(resolve));

/** A circuit in front of a Redis that is there, fails at once, hangs, or refuses. */
function connect() {
  const state = {
    redis: 'there' as 'there' | 'failing' | 'hanging' | 'full',
    calls: 0,
    changes: [] as string[],
  };
  const time = createManualTime();
  const circuit: Circuit = createCircuit({
    ...time,
    onChange: (event, cause) =>
      state.changes.push(cause instanceof Error ? `${event}: ${cause.message}` : event),
  });
  const ask = () =>
    circuit.run(async () => {
      state.calls += 1;
      if (state.redis === 'failing')
        throw new DaypassError('store_unavailable', { detail: 'connection reset' });
      if (state.redis === 'full')
        await storeCall(Promise.reject(new errors.UpstashError('Command failed: OOM command not allowed')));
      if (state.redis === 'hanging') await new Promise(() => undefined);
      return 'answered';
    });
  return { state, circuit, ask, time };
}

const lost = 'circuit_opened: connection reset';

async function later(time: ReturnType<typeof createManualTime>, milliseconds: number): Promise<void> {
  await settle();
  time.pass(milliseconds);
  await settle();
}

/** Fails for long enough. */
async function lose({ state, ask, time }: ReturnType<typeof connect>): Promise<void> {
  state.redis = 'failing';
  await codeOf(ask);
  time.pass(300);
  await codeOf(ask);
}

describe('giving Redis up', () => {
  test('takes failures that last: calls that fail together are one lost connection', async () => {
    const { state, circuit, ask, time } = connect();
    state.redis = 'failing';
    const codes = await Promise.all(Array.from({ length: 50 }, () => codeOf(ask)));
    expect(new Set(codes)).toEqual(new Set(['store_unavailable']));
    time.pass(299);
    await codeOf(ask);
    expect(circuit.isClosed).toBe(true);
    expect(state.changes).toEqual([]);
    time.pass(1);
    await codeOf(ask);
    expect(circuit.isClosed).toBe(false);
    expect(state.changes).toEqual([lost]);
  });

  test('takes failures with no success between', async () => {
    const { state, ask, time } = connect();
    for (let round = 0; round < 10; round += 1) {
      state.redis = 'failing';
      await codeOf(ask);
      time.pass(200);
      state.redis = 'there';
      expect(await ask()).toBe('answered');
      time.pass(200);
    }
    expect(state.changes).toEqual([]);
  });

  test('from then on no call reaches Redis or waits, and there is one notice however many call', async () => {
    const parts = connect();
    await lose(parts);
    const { state, ask } = parts;
    const before = state.calls;
    for (let call = 0; call < 100; call += 1) expect(await codeOf(ask)).toBe('store_unavailable');
    expect(state.calls).toBe(before);
    expect(state.changes).toEqual([lost]);
  });

  test('says when to come back', async () => {
    const parts = connect();
    await lose(parts);
    expect(await parts.ask().catch((error: unknown) => error)).toMatchObject({ retryAfterSeconds: 1 });
  });
});

describe('a Redis that hangs', () => {
  test('costs a call 300 ms, in however many requests it asks', async () => {
    const { state, ask, time } = connect();
    state.redis = 'hanging';
    const settled = vi.fn();
    const code = codeOf(ask).then(settled);
    await later(time, 299);
    expect(settled).not.toHaveBeenCalled();
    await later(time, 1);
    await code;
    expect(settled).toHaveBeenCalledWith('store_unavailable');
  });

  test('makes the calls of the first 600 ms wait, and none that come later', async () => {
    const { state, ask, time } = connect();
    state.redis = 'hanging';
    const waits: number[] = [];
    for (let at = 0; at < 900; at += 50) {
      const startedAt = time.now();
      void codeOf(ask).then(() => (waits[at] = time.now() - startedAt));
      await later(time, 50);
    }
    await later(time, 300);
    const late = waits.filter((_, at) => at >= 650);
    expect(Math.max(...waits.filter((wait) => wait !== undefined))).toBe(300);
    expect(late.length).toBeGreaterThan(0);
    expect(new Set(late)).toEqual(new Set([0]));
  });
});

describe('taking Redis back', () => {
  test('needs one call a second later, and no more', async () => {
    const parts = connect();
    await lose(parts);
    const { state, circuit, ask, time } = parts;
    state.redis = 'there';
    time.pass(999);
    expect(await codeOf(ask)).toBe('store_unavailable');
    time.pass(1);
    expect(await ask()).toBe('answered');
    expect(circuit.isClosed).toBe(true);
    expect(state.changes).toEqual([lost, 'circuit_closed']);
    expect(await ask()).toBe('answered');
  });

  test('does so after an hour without a call as well', async () => {
    const parts = connect();
    await lose(parts);
    parts.state.redis = 'there';
    parts.time.pass(3_600_000);
    expect(await parts.ask()).toBe('answered');
  });

  test('one call tries, the others are refused meanwhile without waiting for it', async () => {
    const parts = connect();
    await lose(parts);
    const { state, circuit, ask, time } = parts;
    time.pass(1000);
    state.redis = 'hanging';
    const before = state.calls;
    const trying = codeOf(ask);
    const startedAt = time.now();
    for (let call = 0; call < 20; call += 1) expect(await codeOf(ask)).toBe('store_unavailable');
    expect(time.now()).toBe(startedAt);
    expect(state.calls - before).toBe(1);
    expect(circuit.isClosed).toBe(false);
    await later(time, 300);
    expect(await trying).toBe('store_unavailable');
    // And the next one tries a second after that.
    await later(time, 999);
    expect(await codeOf(ask)).toBe('store_unavailable');
    expect(state.calls - before).toBe(1);
    state.redis = 'there';
    await later(time, 1);
    expect(await ask()).toBe('answered');
    expect(state.changes).toEqual([lost, 'circuit_closed']);
  });

  test('each opening and closing is reported, in turn', async () => {
    const parts = connect();
    for (let round = 0; round < 3; round += 1) {
      await lose(parts);
      parts.time.pass(1000);
      await codeOf(parts.ask);
      parts.state.redis = 'there';
      parts.time.pass(1000);
      await parts.ask();
    }
    expect(parts.state.changes).toEqual([
      lost,
      'circuit_closed',
      lost,
      'circuit_closed',
      lost,
      'circuit_closed',
    ]);
  });
});

describe('time in which this process was busy', () => {
  test("is not Redis's: an answer that came meanwhile is read", async () => {
    const { circuit, time } = connect();
    let resolve: ((answer: string) => void) | undefined;
    const answer = new Promise<string>((resolveAnswer) => {
      resolve = resolveAnswer;
    });
    const call = circuit.run(() => answer);
    for (let turn = 0; turn < 100; turn += 1) time.block(5000);
    resolve?.('late');
    time.pass(1000);
    expect(await call).toBe('late');
  });

  test('is counted by slices, so that no call waits for ever for a Redis that hangs', async () => {
    const { state, ask, time } = connect();
    state.redis = 'hanging';
    const code = codeOf(ask);
    for (let turn = 0; turn < 500; turn += 1) time.block(5000);
    expect(await code).toBe('store_unavailable');
  });

  test('is no time in which calls failed', async () => {
    const { state, circuit, ask, time } = connect();
    state.redis = 'failing';
    await codeOf(ask);
    time.block(10_000);
    // All of one lost connection, read late.
    await Promise.all(Array.from({ length: 300 }, () => codeOf(ask)));
    expect(circuit.isClosed).toBe(true);
    expect(state.changes).toEqual([]);
    time.pass(300);
    await codeOf(ask);
    expect(state.changes).toEqual([lost]);
  });
});

describe('a Redis that answers and refuses', () => {
  const refusing = 'store_refusing: Redis answered with an error: full.';

  test('is asked at every call, and never given up, and there is one notice', async () => {
    const { state, circuit, ask, time } = connect();
    state.redis = 'full';
    for (let call = 0; call < 50; call += 1) {
      expect(await codeOf(ask)).toBe('store_unavailable');
      time.pass(100);
    }
    expect(circuit.isClosed).toBe(true);
    expect(state.calls).toBe(50);
    expect(state.changes).toEqual([refusing]);
  });

  test('is willing again once a call succeeds a second later', async () => {
    const { state, ask, time } = connect();
    for (let round = 0; round < 20; round += 1) {
      state.redis = round % 2 === 0 ? 'full' : 'there';
      await codeOf(ask);
      time.pass(100);
    }
    expect(state.changes).toEqual([refusing]);
    state.redis = 'there';
    time.pass(1000);
    await ask();
    await ask();
    expect(state.changes).toEqual([refusing, 'store_accepting']);
  });

  test('is back: the call that tried it was answered', async () => {
    const parts = connect();
    await lose(parts);
    parts.state.redis = 'full';
    parts.time.pass(1000);
    expect(await codeOf(parts.ask)).toBe('store_unavailable');
    expect(parts.circuit.isClosed).toBe(true);
    expect(parts.state.changes).toEqual([lost, 'circuit_closed', refusing]);
  });
});

test('a mistake of ours while Redis is tried leaves it given up', async () => {
  const parts = connect();
  await lose(parts);
  parts.time.pass(1000);
  await expect(parts.circuit.run(() => Promise.reject(new TypeError('ours')))).rejects.toThrow('ours');
  expect(parts.circuit.isClosed).toBe(false);
  parts.state.redis = 'there';
  parts.time.pass(1000);
  expect(await parts.ask()).toBe('answered');
});

test('what a call throws reaches its caller', async () => {
  const { circuit } = connect();
  const mistake = new TypeError('ours');
  await expect(circuit.run(() => Promise.reject(mistake))).rejects.toBe(mistake);
});
