import { byId, make, write } from '../dom.ts';
import type { DecodedToken } from '../words/decodeToken.ts';
import type { Statement } from '../words/describeToken.ts';

/** Shows one token: in words, as it stands, and under a note that may change each second. */
export class TokenPanel {
  readonly #place: HTMLElement;
  readonly #note: HTMLElement;
  #shown: DecodedToken | undefined;

  /** @param id of the element to fill; the note is found as `{id}-note` */
  constructor(id: string) {
    this.#place = byId(id);
    this.#note = make('p', { class: 'countdown', 'data-testid': `${id}-note` });
    this.clear();
  }

  show(token: DecodedToken, describe: (token: DecodedToken) => Statement[], note: string): void {
    this.note(note);
    if (token === this.#shown) return;
    this.#shown = token;
    const statements = describe(token).map(({ about, words }) =>
      make('div', {}, make('dt', {}, about), make('dd', {}, words)),
    );
    const json = `${JSON.stringify(token.header, null, 2)}\n${JSON.stringify(token.claims, null, 2)}`;
    this.#place.replaceChildren(
      this.#note,
      make('dl', { class: 'statements' }, ...statements),
      make('details', {}, make('summary', {}, 'Header and claims as they stand'), make('pre', {}, json)),
    );
  }

  note(text: string): void {
    write(this.#note, text);
  }

  clear(): void {
    this.#shown = undefined;
    this.#place.replaceChildren(make('p', { class: 'empty' }, 'None seen yet.'));
  }
}
