import { announce, byId, isWide, make, write } from '../dom.ts';
import { textOf } from '../wire/exchange.ts';
import { milliseconds, shortenTokens } from '../words.ts';
import { type Attack, type Outcome, runAttack, type Shown, type Verdict } from './attack.ts';
import type { LabKit } from './kit.ts';

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
    await this.#exclusively(async () => {
      const { label } = await this.#run(attack, true);
      announce(`${attack.title}: ${label}.`);
    });
  }

  async #runAll(): Promise<void> {
    if (this.#busy) return;
    await this.#exclusively(async () => {
      this.#verdicts.clear();
      for (const attack of this.#attacks) await this.#run(attack, false);
    });
    announce(byId('lab-summary').textContent ?? '');
  }

  async #exclusively(work: () => Promise<void>): Promise<void> {
    if (this.#busy) return;
    this.#setBusy(true);
    try {
      await work();
    } finally {
      this.#setBusy(false);
      this.#summarise();
    }
  }

  /** @param unfolds whether its result is shown at once; of many, only those that are not as they should be */
  async #run(attack: Attack, unfolds: boolean): Promise<Outcome> {
    const row = this.#rows.get(attack.id) as HTMLElement;
    row.dataset.running = 'true';
    write(verdictOf(row), 'Running…');
    const outcome = await runAttack(attack, this.#kit);
    delete row.dataset.running;
    row.dataset.verdict = outcome.verdict;
    write(verdictOf(row), outcome.label);
    const isOpen = isWide() && (unfolds || outcome.verdict !== 'refused');
    row.lastElementChild?.replaceChildren(resultOf(attack, outcome, isOpen));
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
    const { length } = this.#attacks;
    const [failed, notRun] = [count('not-refused'), count('not-run')];
    const parts = [`${count('refused')} of ${length} held off`];
    if (failed > 0) parts.push(`${failed} not as it should be`);
    if (notRun > 0) parts.push(`${notRun} could not be run`);
    const isComplete = verdicts.length === length && !this.#busy;
    write(
      byId('lab-summary'),
      verdicts.length === 0
        ? `${length} attacks to run`
        : `${parts.join(', ')}${isComplete ? '' : ' so far'}`,
    );
    byId('lab-summary').dataset.kind = failed > 0 ? 'refused' : isComplete && notRun === 0 ? 'ok' : '';
  }
}

function resultOf(attack: Attack, { shown, note, verdict }: Outcome, isOpen: boolean): HTMLElement {
  const parts: HTMLElement[] = shown.map(exchangeView);
  if (note) parts.push(make('p', { class: 'note', 'data-testid': 'note' }, note));
  if (verdict !== 'not-run') parts.push(make('p', { class: 'why', 'data-testid': 'why' }, attack.why));
  const summary = make('summary', {}, 'What went out and came back');
  return make('details', isOpen ? { open: '' } : {}, summary, ...parts);
}

function verdictOf(row: HTMLElement): HTMLElement {
  return row.querySelector('.verdict') as HTMLElement;
}

/** Fields of an answer that say how it was refused, or what is left. */
const fields = ['WWW-Authenticate', 'Retry-After', 'RateLimit'];
/** Members of a body that say what was decided; the others are left out. */
const members = ['code', 'error', 'detail', 'error_description', 'msg', 'message', 'email', 'access_token'];

/** One exchange of an attack: what went out next to what came back. */
function exchangeView(shown: Shown): HTMLElement {
  const times =
    shown.times === undefined || shown.times === 1 ? '' : `${shown.times} times, the last of them:\n`;
  return make(
    'div',
    { class: 'exchange', 'data-testid': 'exchange' },
    make(
      'div',
      {},
      make('p', { class: 'side' }, 'Request'),
      make('pre', { 'data-testid': 'sent' }, times + requestText(shown)),
    ),
    make(
      'div',
      {},
      make('p', { class: 'side' }, 'Answer'),
      make('pre', { 'data-testid': 'answered' }, answerText(shown)),
    ),
  );
}

export function requestText({ request }: Pick<Shown, 'request'>): string {
  const lines = [`${request.method} ${request.path}`];
  for (const [name, value] of Object.entries(request.headers)) lines.push(`${name}: ${value}`);
  if (request.form)
    lines.push('', ...Object.entries(request.form).map(([name, value]) => `${name}=${value}`));
  return shortenTokens(lines.join('\n'));
}

export function answerText({ answer }: Pick<Shown, 'answer'>): string {
  if (answer.status === 0) return 'No answer came.';
  const lines = [`${statusLine(answer.status)}, ${milliseconds(answer.milliseconds)}`];
  for (const field of fields) {
    const value = answer.headers.get(field);
    if (value !== null) lines.push(`${field}: ${value}`);
  }
  const said = members.flatMap((member) => {
    const value = textOf(answer.body, member);
    return value === undefined ? [] : [`${member}: ${value}`];
  });
  if (said.length > 0) lines.push('', ...said);
  return shortenTokens(lines.join('\n'));
}

/** RFC 9110 §15: HTTP/2 has no phrases of its own, so the page brings them. */
const phrases: Readonly<Record<number, string>> = {
  200: 'OK',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
};

function statusLine(status: number): string {
  const phrase = phrases[status];
  return phrase === undefined ? String(status) : `${status} ${phrase}`;
}
