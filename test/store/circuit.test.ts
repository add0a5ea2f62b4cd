import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { DaypassError } from '../../src/protocol/error.ts';
import { type Circuit, createCircuit } from '../../src/store/circuit.ts';
import { codeOf } from '../support/rejection.ts';

beforeEach(() => {
  vi.useFakeTimers({ now: 1_800_000_000_000 });
});
afterEach(() => vi.useRealTimers());

/** A circuit in front of a Redis that is there, fails at once, or hangs. */
function connect() {
  const state = { redis: 'there' as 'there' | 'failing' | 'hanging', calls: 0, changes: [] as string[] };
  const circuit: Circuit = createCircuit({
    onChange: (event, cause) =>
      state.changes.push(cause instanceof Error ? `${event}: ${cause.message}` : event),
  });
  const ask = () =>
    circuit.run(async () => {
      state.calls += 1;
      if (state.redis === 'failing')
        throw new DaypassError('store_unavailable', { detail: 'connection reset' });
      if (state.redis === 'hanging') await new Promise(() => undefined);
      return 'answered';
    });
  return { state, circuit, ask };
}

const lost = 'store_lost: connection reset';

/** Fails for long enough. */
async function lose({ state, ask }: ReturnType<typeof connect>): Promise<void> {
  state.redis = 'failing';
  await codeOf(ask);
  vi.advanceTimersByTime(300);
  await codeOf(ask);
}

describe('giving Redis up', () => {
  test('takes failures that last: calls that fail together are one lost connection', async () => {
    const { state, circuit, ask } = connect();
    state.redis = 'failing';
    const codes = await Promise.all(Array.from({ length: 50 }, () => codeOf(ask)));
    expect(new Set(codes)).toEqual(new Set(['store_unavailable']));
    vi.advanceTimersByTime(299);
    await codeOf(ask);
    expect(circuit.isClosed).toBe(true);
    expect(state.changes).toEqual([]);
    vi.advanceTimersByTime(1);
    await codeOf(ask);
    expect(circuit.isClosed).toBe(false);
    expect(state.changes).toEqual([lost]);
  });

  test('takes failures with no success between', async () => {
    const { state, ask } = connect();
    for (let round = 0; round < 10; round += 1) {
      state.redis = 'failing';
      await codeOf(ask);
      vi.advanceTimersByTime(200);
      state.redis = 'there';
      expect(await ask()).toBe('answered');
      vi.advanceTimersByTime(200);
    }
    expect(state.changes).toEqual([]);
  });

  test('from then on nobody asks, nobody waits, and there is one notice however many call', async () => {
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
    const { state, ask } = connect();
    state.redis = 'hanging';
    const settled = vi.fn();
    const code = codeOf(ask).then(settled);
    await vi.advanceTimersByTimeAsync(299);
    expect(settled).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    await code;
    expect(settled).toHaveBeenCalledWith('store_unavailable');
  });

  test('makes the calls of the first 600 ms wait, and none that come later', async () => {
    const { state, ask } = connect();
    state.redis = 'hanging';
    const waits: number[] = [];
    for (let at = 0; at < 900; at += 50) {
      const startedAt = Date.now();
      void codeOf(ask).then(() => (waits[at] = Date.now() - startedAt));
      await vi.advanceTimersByTimeAsync(50);
    }
    await vi.advanceTimersByTimeAsync(300);
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
    const { state, circuit, ask } = parts;
    state.redis = 'there';
    vi.advanceTimersByTime(999);
    expect(await codeOf(ask)).toBe('store_unavailable');
    vi.advanceTimersByTime(1);
    expect(await ask()).toBe('answered');
    expect(circuit.isClosed).toBe(true);
    expect(state.changes).toEqual([lost, 'store_found']);
    expect(await ask()).toBe('answered');
  });

  test('does so after an hour without a call as well', async () => {
    const parts = connect();
    await lose(parts);
    parts.state.redis = 'there';
    vi.advanceTimersByTime(3_600_000);
    expect(await parts.ask()).toBe('answered');
  });

  test('one call tries, the others are refused meanwhile without waiting for it', async () => {
    const parts = connect();
    await lose(parts);
    const { state, circuit, ask } = parts;
    vi.advanceTimersByTime(1000);
    state.redis = 'hanging';
    const before = state.calls;
    const trying = codeOf(ask);
    const startedAt = Date.now();
    for (let call = 0; call < 20; call += 1) expect(await codeOf(ask)).toBe('store_unavailable');
    expect(Date.now()).toBe(startedAt);
    expect(state.calls - before).toBe(1);
    expect(circuit.isClosed).toBe(false);
    await vi.advanceTimersByTimeAsync(300);
    expect(await trying).toBe('store_unavailable');
    // And the next one tries a second after that.
    await vi.advanceTimersByTimeAsync(999);
    expect(await codeOf(ask)).toBe('store_unavailable');
    expect(state.calls - before).toBe(1);
    state.redis = 'there';
    await vi.advanceTimersByTimeAsync(1);
    expect(await ask()).toBe('answered');
    expect(state.changes).toEqual([lost, 'store_found']);
  });

  test('each loss and each find is told, in turn', async () => {
    const parts = connect();
    for (let round = 0; round < 3; round += 1) {
      await lose(parts);
      vi.advanceTimersByTime(1000);
      await codeOf(parts.ask);
      parts.state.redis = 'there';
      vi.advanceTimersByTime(1000);
      await parts.ask();
    }
    expect(parts.state.changes).toEqual([lost, 'store_found', lost, 'store_found', lost, 'store_found']);
  });
});

describe('a clock that is set back by an hour', () => {
  const setBack = () => vi.setSystemTime(Date.now() - 3_600_000);

  test('keeps Redis away for a second, not for that hour, and one call tries it', async () => {
    const parts = connect();
    await lose(parts);
    const { state, circuit, ask } = parts;
    setBack();
    const before = state.calls;
    expect(await codeOf(ask)).toBe('store_unavailable');
    vi.advanceTimersByTime(999);
    expect(await codeOf(ask)).toBe('store_unavailable');
    expect(state.calls).toBe(before);
    vi.advanceTimersByTime(1);
    // In vain, and then the clock is set back again.
    await Promise.all([codeOf(ask), codeOf(ask), codeOf(ask)]);
    expect(state.calls - before).toBe(1);
    setBack();
    await codeOf(ask);
    vi.advanceTimersByTime(1000);
    expect(circuit.isClosed).toBe(false);
    state.redis = 'there';
    expect(await ask()).toBe('answered');
    expect(circuit.isClosed).toBe(true);
    expect(state.changes).toEqual([lost, 'store_found']);
    await lose(parts);
    expect(state.changes).toEqual([lost, 'store_found', lost]);
  });

  test('while calls fail, makes them wait no longer than before', async () => {
    const parts = connect();
    parts.state.redis = 'failing';
    await codeOf(parts.ask);
    setBack();
    await lose(parts);
    expect(parts.state.changes).toEqual([lost]);
  });
});

test('what a call throws reaches its caller', async () => {
  const { circuit } = connect();
  const mistake = new TypeError('ours');
  await expect(circuit.run(() => Promise.reject(mistake))).rejects.toBe(mistake);
});
