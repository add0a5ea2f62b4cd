import type { MiddlewareHandler } from 'hono';
import { HttpError } from './errors.ts';

/** What goes wrong on purpose; change it at any time. A path covers what lies below it. */
export type Faults = {
  /** Requests of these paths are never answered; nothing is done for them. */
  hangPaths: string[];
  /** Requests of these paths are answered with this status; nothing is done for them. */
  answer: Record<string, number>;
};

export function applyFaults(faults: Faults): MiddlewareHandler {
  return async (c, next) => {
    const covers = (fault: string) => c.req.path === fault || c.req.path.startsWith(`${fault}/`);
    if (faults.hangPaths.some(covers)) return untilAborted(c.req.raw.signal);
    const [, status] = Object.entries(faults.answer).find(([path]) => covers(path)) ?? [];
    if (status !== undefined) throw new HttpError(status, 'A fault on purpose');
    return next();
  };
}

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
