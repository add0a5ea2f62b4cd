import { announce, byId, write } from './dom.ts';

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

  /** @param action returns what came of it, in one sentence */
  bind(id: string, action: () => Promise<string>): void {
    const button = byId(id);
    const title = button.textContent ?? '';
    this.#buttons.push(button);
    button.addEventListener('click', () => void this.#run(title, action));
  }

  async #run(title: string, action: () => Promise<string>): Promise<void> {
    if (this.#busy) return;
    this.#setBusy(true);
    this.#begin(title);
    this.#complain('');
    let said: string;
    try {
      said = await action();
      announce(said);
    } catch (error) {
      said = error instanceof Error ? error.message : String(error);
      this.#complain(said);
    }
    this.#finish(said);
    this.#setBusy(false);
  }

  #complain(problem: string): void {
    write(byId('problem'), problem);
    byId('problem').hidden = problem === '';
  }

  /** A disabled button would lose the focus, so the buttons only say that they are. */
  #setBusy(busy: boolean): void {
    this.#busy = busy;
    for (const button of this.#buttons) button.setAttribute('aria-disabled', String(busy));
  }
}
