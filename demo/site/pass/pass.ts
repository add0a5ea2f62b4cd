import { byId, write } from '../dom.ts';
import { jsonOf, textOf } from '../wire/exchange.ts';
import { clock, durationInWords, shortenName, timeOfDay } from '../words.ts';
import { type DecodedToken, decodeToken, describeAccessToken, TokenPanel } from './tokens.ts';

/** What the page knows of the pass in its hand. Times are seconds since the epoch, by the visitor's clock. */
export interface PassState {
  token: DecodedToken;
  /** `sub`: the session that the pass belongs to. */
  session: string;
  issuedAt: number;
  expiresAt: number;
  /** Undefined when the page did not see the answer that said so, as after a reload. */
  sessionEndsAt: number | undefined;
  /** When the page saw this session renewed. */
  renewedAt: readonly number[];
}

/** What the broker answered with the token; a token out of storage comes without it. */
export interface Lifetimes {
  expiresInSeconds: number;
  sessionExpiresInSeconds: number;
}

/**
 * The state after a token came into the page's hand.
 * @param before what was known, if anything
 * @param now seconds since the epoch
 * @returns the same object when nothing new was learnt
 */
export function nextState(
  before: PassState | undefined,
  token: DecodedToken,
  now: number,
  lifetimes?: Lifetimes,
): PassState {
  const { jti, sub, iat, exp } = token.claims;
  const same = before?.session === sub ? before : undefined;
  const renewed = same !== undefined && same.token.claims.jti !== jti;
  if (same && !renewed && !lifetimes) return same;
  return {
    token,
    session: String(sub),
    issuedAt: Number(iat),
    // The broker's clock may not be the visitor's: what is left is more certain than the hour it ends at.
    expiresAt: lifetimes ? now + lifetimes.expiresInSeconds : Number(exp),
    sessionEndsAt: lifetimes ? now + lifetimes.sessionExpiresInSeconds : same?.sessionEndsAt,
    renewedAt: [...(same?.renewedAt ?? []), ...(renewed ? [now] : [])],
  };
}

/** Keeps what the page knows of its pass, and its drawing up to date. */
export class PassHolder {
  readonly #panel = new TokenPanel('access-token');
  #state: PassState | undefined;
  #ended: string | undefined;

  constructor() {
    setInterval(() => this.#draw(), 1000);
    this.#draw();
  }

  get state(): PassState | undefined {
    return this.#state;
  }

  /** A token came into the page's hand: from the broker, out of storage, or from another tab. */
  take(token: string, lifetimes?: Lifetimes): void {
    const decoded = decodeToken(token);
    if (!decoded) return;
    this.#state = nextState(this.#state, decoded, Date.now() / 1000, lifetimes);
    this.#draw();
  }

  /**
   * The pass is gone.
   * @param ended says how its session ended. Default: nothing has begun
   */
  drop(ended?: string): void {
    this.#state = undefined;
    this.#ended = ended;
    this.#panel.clear();
    this.#draw();
  }

  #draw(): void {
    const now = Date.now() / 1000;
    const state = this.#state;
    drawPass(state, this.#ended, now);
    if (!state) return;
    const left = state.expiresAt - now;
    const note = left > 0 ? `Good for another ${clock(left)}.` : 'Expired.';
    this.#panel.show(state.token, describeAccessToken, note);
  }
}

/** Draws the pass: what it is, how long it lives, when it was renewed. Call it every second and at each change. */
function drawPass(state: PassState | undefined, ended: string | undefined, now: number): void {
  const left = state ? state.expiresAt - now : 0;
  byId('pass').dataset.state = state
    ? left > 0
      ? 'held'
      : 'expired'
    : ended === undefined
      ? 'none'
      : 'revoked';
  write(byId('pass-left'), headline(state, left, ended));
  write(byId('pass-left-label'), label(state, left, ended));
  const life = state ? Number(state.token.claims.exp) - Number(state.token.claims.iat) : 1;
  byId('pass-meter').style.width = `${Math.min(100, Math.max(0, (left / life) * 100))}%`;
  write(byId('pass-session'), state ? shortenName(state.session) : '–');
  write(byId('pass-issued'), state ? `at ${timeOfDay(state.issuedAt)}` : '–');
  write(byId('pass-renewed'), state ? renewals(state.renewedAt) : '–');
  write(byId('pass-session-ends'), state ? sessionEnd(state.sessionEndsAt, now) : '–');
}

function headline(state: PassState | undefined, left: number, ended: string | undefined): string {
  if (state) return left > 0 ? clock(left) : 'Expired';
  return ended === undefined ? 'None yet' : 'Revoked';
}

function label(state: PassState | undefined, left: number, ended: string | undefined): string {
  if (state && left > 0) return 'left. Calls renew it before it runs out.';
  if (state) return 'The next call renews it, or starts over.';
  return ended ?? 'The first call gets one, without asking you anything.';
}

function renewals(times: readonly number[]): string {
  const last = times.at(-1);
  if (last === undefined) return 'not yet';
  return `${times.length === 1 ? 'once' : `${times.length} times`}, last at ${timeOfDay(last)}`;
}

function sessionEnd(endsAt: number | undefined, now: number): string {
  // In minutes, so that only the countdown changes each second.
  return endsAt === undefined
    ? 'not known after a reload'
    : `in ${durationInWords(Math.ceil((endsAt - now) / 60) * 60)}`;
}

/**
 * Calls back when another tab has got, renewed (`gone` is false) or revoked the pass: all tabs share one in `localStorage`,
 * and a session tells only what its own tab does.
 */
export function watchOtherTabs(changed: (gone: boolean) => void): void {
  addEventListener('storage', ({ key, newValue }) => {
    if (key?.startsWith('daypass')) changed(newValue === null);
  });
}

/** A gate may rely on what it knew of the session for `leaseSeconds`, 1 by default. */
const leaseTimeoutMilliseconds = 2500;
const pauseMilliseconds = 250;

/**
 * Calls with a pass whose session was revoked, until the gate refuses it or no lease can last any longer.
 * @returns what came of it, in a sentence
 */
export async function callRevoked(path: string, token: string): Promise<string> {
  const startedAt = performance.now();
  const call = () => fetch(path, { headers: { Authorization: `Bearer ${token}` }, cache: 'no-store' });
  let response = await call();
  while (response.ok && performance.now() - startedAt < leaseTimeoutMilliseconds) {
    await new Promise((end) => setTimeout(end, pauseMilliseconds));
    response = await call();
  }
  const code = textOf(await jsonOf(response), 'code') ?? '';
  return response.ok ? 'The gate still let it through.' : `The gate refused it: ${response.status} ${code}.`;
}
