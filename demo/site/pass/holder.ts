import { TokenPanel } from '../tokens/tokenPanel.ts';
import { decodeToken } from '../words/decodeToken.ts';
import { describeAccessToken } from '../words/describeToken.ts';
import { clock } from '../words/duration.ts';
import { drawPass } from './passPanel.ts';
import { type Lifetimes, nextState, type PassState } from './state.ts';

/** Keeps what the page knows of its pass, and its drawing up to date. */
export class PassHolder {
  readonly #panel = new TokenPanel('access-token');
  #state: PassState | undefined;
  #revoked = false;

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

  /** The pass is gone. */
  drop({ revoked }: { revoked: boolean }): void {
    this.#state = undefined;
    this.#revoked = revoked;
    this.#panel.clear();
    this.#draw();
  }

  #draw(): void {
    const now = Date.now() / 1000;
    const state = this.#state;
    drawPass(state, this.#revoked, now);
    if (!state) return;
    const left = state.expiresAt - now;
    const note = left > 0 ? `Good for another ${clock(left)}.` : 'Expired.';
    this.#panel.show(state.token, describeAccessToken, note);
  }
}
