import { make, write } from '../dom.ts';
import { type Exchange, textOf } from '../net/exchange.ts';
import { milliseconds } from '../words/duration.ts';
import { kindOf } from '../words/kindOf.ts';
import { parseLimits } from '../words/rateLimit.ts';
import type { Asked } from './askPolicies.ts';

const names: Readonly<Record<Asked, string>> = {
  local: 'Counts alone',
  deny: 'Refuses',
  allow: 'Lets through',
  exchange: 'Exchange',
  return: 'Exchange again',
};

/** Exchanges have no RateLimit fields when all is well; a gate that sends none is worth a word. */
const exchanges: readonly Asked[] = ['exchange', 'return'];

/** A line for each that is asked; the lines are there from the beginning, so that nothing moves. */
export class AnswerTable {
  readonly #rows = new Map<Asked, HTMLElement>();

  constructor(body: HTMLElement, asked: readonly Asked[]) {
    for (const one of asked) {
      const row = make(
        'tr',
        { 'data-testid': `answer-${one}` },
        make('th', { scope: 'row' }, names[one]),
        make('td', {}),
        make('td', { class: 'number' }),
      );
      this.#rows.set(one, row);
    }
    body.replaceChildren(...this.#rows.values());
    this.clear();
  }

  clear(): void {
    for (const row of this.#rows.values()) {
      delete row.dataset.status;
      const [, answered, took] = row.children;
      for (const cell of [answered, took]) write(cell as HTMLElement, '–');
    }
  }

  /** @param calls in order; the last one is shown, and how long each took */
  show(asked: Asked, calls: readonly Exchange[]): void {
    const row = this.#rows.get(asked);
    const last = calls.at(-1);
    if (!row || !last) return;
    const { status, body } = last.answer;
    row.dataset.status = String(status);
    const [, answered, took] = row.children;
    answered?.replaceChildren(
      make('span', { class: 'status', 'data-kind': kindOf(status) }, String(status || 'none')),
      ' ',
      make('code', {}, textOf(body, 'code') ?? ''),
      make('small', {}, fieldsInWords(last) || (exchanges.includes(asked) ? '' : 'No RateLimit')),
    );
    took?.replaceChildren(...tookParts(calls));
  }
}

/** What an answer’s fields say of limits and patience; empty when they say nothing. */
export function fieldsInWords({ answer }: Exchange): string {
  const left = parseLimits(answer.headers.get('ratelimit')).map(
    ({ name, parameters }) => `${name} ${parameters.r ?? '?'}`,
  );
  const retryAfter = answer.headers.get('retry-after');
  const parts: string[] = [];
  if (left.length > 0) parts.push(`RateLimit: ${left.join(', ')} left`);
  if (retryAfter !== null) parts.push(`Retry-After: ${retryAfter}`);
  return parts.join('; ');
}

/** The first of several calls took as long as it takes to give Redis up; the last shows what that saves. */
function tookParts(calls: readonly Exchange[]): (string | Node)[] {
  const [first = '', ...rest] = calls.map(({ answer }) => milliseconds(answer.milliseconds));
  const last = rest.at(-1);
  return last === undefined ? [first] : [first, make('small', {}, `then ${last}`)];
}
