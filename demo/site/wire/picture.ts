import { byId } from '../dom.ts';
import { kindOf } from '../words.ts';
import { type Step, stepOf } from './describeRequest.ts';
import type { Seen } from './exchange.ts';

/** Which part of the picture answers a step; a challenge is the broker's too, and has no chip of its own. */
const parts: Readonly<Partial<Record<Step, string>>> = {
  challenge: 'broker',
  'sign-up': 'identity',
  'log-in': 'identity',
  exchange: 'broker',
  renewal: 'broker',
  revocation: 'broker',
  call: 'gate',
};

/** Answers come faster than the eye sees: each keeps its part lit for this long, and the next waits. */
const litMilliseconds = 450;
/** A longer backlog is drawn at once. */
const maxWaiting = 8;

/** The four parts of a call. Each lights up as it answers, and keeps the status of the last run. */
export class Picture {
  readonly #list = byId('parts');
  #waiting: Seen[] = [];
  #isDrawing = false;

  /** A new run begins: what the last one lit goes out. */
  clear(): void {
    this.#waiting = [];
    for (const chip of this.#list.querySelectorAll<HTMLElement>('[data-chip]')) {
      delete chip.dataset.kind;
      chip.removeAttribute('data-status');
    }
  }

  /** A request went out, or its answer came in. */
  show(seen: Seen): void {
    if (!seen.answer || !parts[stepOf(seen.request)]) return;
    this.#waiting.push(seen);
    if (!this.#isDrawing) void this.#drawAll();
  }

  async #drawAll(): Promise<void> {
    this.#isDrawing = true;
    const isCalm = matchMedia('(prefers-reduced-motion: reduce)').matches;
    for (let seen = this.#waiting.shift(); seen; seen = this.#waiting.shift()) {
      const part = this.#draw(seen);
      if (!isCalm && this.#waiting.length <= maxWaiting) await this.#light(part);
    }
    this.#isDrawing = false;
  }

  async #light(part: HTMLElement | null): Promise<void> {
    const lit = [this.#list.querySelector<HTMLElement>('[data-part=page]'), part];
    for (const each of lit) if (each) each.dataset.lit = 'true';
    await new Promise((end) => setTimeout(end, litMilliseconds));
    for (const each of lit) delete each?.dataset.lit;
  }

  #draw({ request, answer }: Seen): HTMLElement | null {
    const step = stepOf(request);
    const chip = this.#list.querySelector<HTMLElement>(`[data-chip=${step}]`);
    if (chip && answer) {
      chip.dataset.kind = kindOf(answer.status);
      chip.dataset.status = String(answer.status || 'none');
    }
    return this.#list.querySelector(`[data-part=${parts[step]}]`);
  }
}
