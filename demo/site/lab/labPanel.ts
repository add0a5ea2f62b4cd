import { announce, byId, make, write } from '../dom.ts';
import type { Attack, Outcome, Verdict } from './attack.ts';
import { exchangeView } from './exchangeView.ts';
import type { LabKit } from './kit.ts';
import { runAttack } from './runAttack.ts';

/** Draws one row for each attack and runs them, one at a time: they share this address's limits. */
export class LabPanel {
  readonly #attacks: readonly Attack[];
  readonly #kit: LabKit;
  readonly #rows = new Map<string, HTMLElement>();
  readonly #verdicts = new Map<string, Verdict>();
  #busy = false;

  constructor(attacks: readonly Attack[], kit: LabKit) {
    this.#attacks = attacks;
    this.#kit = kit;
    for (const attack of attacks) this.#rows.set(attack.id, this.#row(attack));
    byId('attacks').replaceChildren(...this.#rows.values());
    byId('run-all').addEventListener('click', () => void this.#runAll());
    this.#summarise();
  }

  #row(attack: Attack): HTMLElement {
    const button = make('button', { type: 'button', 'data-testid': `run-${attack.id}` }, 'Run');
    button.append(make('span', { class: 'unseen' }, ` ${attack.title}`));
    button.addEventListener('click', () => void this.#runOne(attack));
    return make(
      'li',
      { class: 'attack', 'data-attack': attack.id },
      make(
        'div',
        { class: 'attack-head' },
        make('div', {}, make('h3', {}, attack.title), make('p', { class: 'attempt' }, attack.attempt)),
        make('p', { class: 'verdict', 'data-testid': 'verdict' }),
        button,
      ),
      make('div', { class: 'attack-result' }),
    );
  }

  async #runOne(attack: Attack): Promise<void> {
    await this.#alone(async () => {
      const { label } = await this.#run(attack);
      announce(`${attack.title}: ${label}.`);
    });
  }

  async #runAll(): Promise<void> {
    await this.#alone(async () => {
      this.#verdicts.clear();
      for (const attack of this.#attacks) await this.#run(attack);
      announce(byId('lab-summary').textContent ?? '');
    });
  }

  async #alone(work: () => Promise<void>): Promise<void> {
    if (this.#busy) return;
    this.#setBusy(true);
    try {
      await work();
    } finally {
      this.#setBusy(false);
    }
  }

  async #run(attack: Attack): Promise<Outcome> {
    const row = this.#rows.get(attack.id) as HTMLElement;
    row.dataset.running = 'true';
    write(verdictOf(row), 'Running…');
    const outcome = await runAttack(attack, this.#kit);
    delete row.dataset.running;
    row.dataset.verdict = outcome.verdict;
    write(verdictOf(row), outcome.label);
    row.lastElementChild?.replaceChildren(...resultParts(attack, outcome));
    this.#verdicts.set(attack.id, outcome.verdict);
    this.#summarise();
    return outcome;
  }

  #setBusy(busy: boolean): void {
    this.#busy = busy;
    for (const button of byId('lab').querySelectorAll('button'))
      button.setAttribute('aria-disabled', String(busy));
  }

  #summarise(): void {
    const verdicts = [...this.#verdicts.values()];
    const count = (verdict: Verdict) => verdicts.filter((other) => other === verdict).length;
    const failed = count('not-refused');
    const notRun = count('not-run');
    const parts = [`${count('refused')} of ${this.#attacks.length} held off`];
    if (failed > 0) parts.push(`${failed} not as it should be`);
    if (notRun > 0) parts.push(`${notRun} could not be run`);
    write(
      byId('lab-summary'),
      verdicts.length === 0 ? `${this.#attacks.length} attacks` : `${parts.join(', ')}.`,
    );
  }
}

function resultParts(attack: Attack, { shown, note, verdict }: Outcome): HTMLElement[] {
  const parts = shown.map(exchangeView);
  if (note) parts.push(make('p', { class: 'note', 'data-testid': 'note' }, note));
  if (verdict !== 'not-run') parts.push(make('p', { class: 'why', 'data-testid': 'why' }, attack.why));
  return parts;
}

function verdictOf(row: HTMLElement): HTMLElement {
  return row.querySelector('.verdict') as HTMLElement;
}
