import { byId, write } from '../dom.ts';
import { clock, durationInWords, timeOfDay } from '../words/duration.ts';
import { shortenName } from '../words/shorten.ts';
import type { PassState } from './state.ts';

/** Draws the pass: what it is, how long it lives, when it was renewed. Call it every second and at each change. */
export function drawPass(state: PassState | undefined, revoked: boolean, now: number): void {
  const left = state ? state.expiresAt - now : 0;
  byId('pass').dataset.state = state ? (left > 0 ? 'held' : 'expired') : 'none';
  write(byId('pass-left'), headline(state, left, revoked));
  write(byId('pass-left-label'), label(state, left, revoked));
  const life = state ? Number(state.token.claims.exp) - Number(state.token.claims.iat) : 1;
  byId('pass-meter').style.width = `${Math.min(100, Math.max(0, (left / life) * 100))}%`;
  write(byId('pass-session'), state ? shortenName(state.session) : '–');
  write(byId('pass-issued'), state ? `at ${timeOfDay(state.issuedAt)}` : '–');
  write(byId('pass-renewed'), state ? renewals(state.renewedAt) : '–');
  write(byId('pass-session-ends'), state ? sessionEnd(state.sessionEndsAt, now) : '–');
}

function headline(state: PassState | undefined, left: number, revoked: boolean): string {
  if (state) return left > 0 ? clock(left) : 'Expired';
  return revoked ? 'Revoked' : 'None yet';
}

function label(state: PassState | undefined, left: number, revoked: boolean): string {
  if (state && left > 0) return 'left. Calls renew it before it runs out.';
  if (state) return 'The next call renews it, or starts over.';
  if (revoked) return 'The session has ended; a new pass is a new one.';
  return 'Three requests, no questions asked.';
}

function renewals(times: readonly number[]): string {
  const last = times.at(-1);
  if (last === undefined) return 'not yet';
  return `${times.length === 1 ? 'once' : `${times.length} times`}, last at ${timeOfDay(last)}`;
}

function sessionEnd(endsAt: number | undefined, now: number): string {
  // Minutes are enough, and nothing flickers beside the countdown that matters.
  return endsAt === undefined
    ? 'not known after a reload'
    : `in ${durationInWords(Math.ceil((endsAt - now) / 60) * 60)}`;
}
