import { announce, byId, write } from './dom.ts';

export interface ControlOptions {
  /** Element that shows what came of the action. Default: only what went wrong is shown, below the pass. */
  saysIn?: string;
  /** Whether the action is a run of the timeline. Default true. */
  listed?: boolean;
}

/** Runs what the buttons do, one at a time, and says what went wrong. */
export class Controls {
  readonly #begin: (title: string) => void;
  readonly #finish: (said: string) => void;
  readonly #buttons: HTMLElement[] = [];
  #busy = false;

  /** Both are called around each action: `begin` with its title, `finish` with what came of it. */
  constructor(begin: (title: string) => void, finish: (said: string) => void) {
    this.#begin = begin;
    this.#finish = finish;
  }

  /**
   * Does this at each press of a button.
   * @param action returns what came of it, in one sentence
   */
  bind(id: string, action: () => Promise<string>, options: ControlOptions = {}): void {
    const button = byId(id);
    const title = button.textContent ?? '';
    this.#buttons.push(button);
    button.addEventListener('click', () => void this.run(title, action, options));
  }

  /** Does this now, unless something else is being done. */
  async run(title: string, action: () => Promise<string>, options: ControlOptions = {}): Promise<void> {
    if (this.#busy) return;
    const { saysIn, listed = true } = options;
    this.#setBusy(true);
    if (listed) this.#begin(title);
    const complain = saysIn ? (problem: string) => say(saysIn, problem, true) : complainOfPass;
    complain('');
    let said: string;
    try {
      said = await action();
      if (saysIn) say(saysIn, said, false);
      announce(said);
    } catch (error) {
      said = error instanceof Error ? error.message : String(error);
      complain(said);
      if (saysIn) announce(said);
    }
    if (listed) this.#finish(said);
    this.#setBusy(false);
  }

  /** A disabled button would lose the focus, so the buttons only say that they are. */
  #setBusy(busy: boolean): void {
    this.#busy = busy;
    for (const button of this.#buttons) button.setAttribute('aria-disabled', String(busy));
  }
}

function complainOfPass(problem: string): void {
  write(byId('problem'), problem);
  byId('problem').hidden = problem === '';
}

function say(id: string, said: string, isProblem: boolean): void {
  write(byId(id), said);
  byId(id).dataset.kind = isProblem ? 'problem' : 'result';
}
