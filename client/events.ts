import type { TokenResponse } from '../src/protocol/messages.ts';
import type { SessionError } from './errors.ts';
import type { ProofProgress } from './options.ts';

/** What a session reports, by event. Events of other tabs are not reported here. */
export interface SessionEvents {
  /** A new session has begun, with this first token. */
  obtained: TokenResponse;
  /** A proof for the sign-up is being made. */
  proof: ProofProgress;
  /** The session goes on with this token. */
  renewed: TokenResponse;
  /**
   * The backend refused a new token too, so calls of this path get their 401 as it is for a while: `path` without its
   * query, and the `code` of the 401's JSON, else `invalid_token`.
   */
  refused: { path: string; code: string };
  /** The session is over; the next call begins another. */
  ended: { reason: EndReason };
  /** An attempt to get a token was made and failed. A token that is still valid stays in use. */
  error: SessionError;
}

/**
 * `revoked` by `revoke()`; `refused` when the broker would not renew, or the backend took new tokens at no path;
 * `expired` when its time was up.
 */
export type EndReason = 'revoked' | 'refused' | 'expired';

type Listener<Event extends keyof SessionEvents> = (detail: SessionEvents[Event]) => void;

/** Adds a listener; the function that it returns removes it. */
export type On = <Event extends keyof SessionEvents>(event: Event, listener: Listener<Event>) => () => void;
export type Emit = <Event extends keyof SessionEvents>(event: Event, detail: SessionEvents[Event]) => void;

export function createEvents(): { on: On; emit: Emit } {
  const listeners = new Set<(name: string, detail: never) => void>();
  return {
    on(event, listener) {
      const notify = (name: string, detail: never) => {
        if (name === event) listener(detail);
      };
      listeners.add(notify);
      return () => listeners.delete(notify);
    },
    emit(name, detail) {
      // Each by itself: what a listener throws is reported to the page, and does not cost the call its token.
      for (const notify of listeners) queueMicrotask(() => notify(name, detail as never));
    },
  };
}
