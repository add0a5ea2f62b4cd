import { createRequestBodies } from '../../src/limits/requestBodies.ts';
import type { Clock } from '../../src/limits/requestBody.ts';

/** For tests to which neither the time that a body takes nor its memory matters. */
export const patientBodies = createRequestBodies({
  bufferBytes: 2 ** 28,
  idleSeconds: 60,
  timeoutSeconds: 60,
});

export interface ManualClock extends Clock {
  /** Lets time pass; what is due is called back in order. */
  advance(milliseconds: number): Promise<void>;
  /** How many wait to be called back. */
  readonly pending: number;
}

/** A clock that stands still unless a test lets time pass. */
export function createManualClock(): ManualClock {
  const waiting = new Set<{ at: number; callback: () => void }>();
  let now = 0;
  return {
    now: () => now,
    after(milliseconds, callback) {
      const entry = { at: now + milliseconds, callback };
      waiting.add(entry);
      return () => void waiting.delete(entry);
    },
    async advance(milliseconds) {
      const end = now + milliseconds;
      await settle();
      for (;;) {
        const [next] = [...waiting].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
        if (!next) break;
        waiting.delete(next);
        now = next.at;
        next.callback();
        await settle();
      }
      now = end;
    },
    get pending() {
      return waiting.size;
    },
  };
}

/** Lets what is under way come as far as it can without time. */
export async function settle(): Promise<void> {
  for (let turns = 0; turns < 3; turns += 1) await new Promise((resolve) => setTimeout(resolve));
}

/** A body whose pieces a test sends one by one. */
export function createUpload(headers: Record<string, string> = {}) {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const seen = { cancelled: false };
  const body = new ReadableStream<Uint8Array>({
    start(given) {
      controller = given;
    },
    cancel() {
      seen.cancelled = true;
    },
  });
  const init: RequestInit & { duplex: 'half' } = { method: 'POST', body, headers, duplex: 'half' };
  return {
    request: new Request('https://site.example/api/x', init),
    seen,
    send: (bytes: number) => controller?.enqueue(new Uint8Array(bytes).fill(7)),
    end: () => controller?.close(),
    breakOff: () => controller?.error(new Error('gone')),
  };
}
