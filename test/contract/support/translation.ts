import { expect } from 'vitest';

const runSuffix =
  /\b(open|confirm|closed|admin|audience)-(\d+)-\d{10}|\b(UPPER|invited)-\d{10}\.\d+|\bADMIN-(\d+)-\d{10}/g;
const uuid = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;
const jwt = /[\w-]+\.[\w-]+\.[\w-]+/g;

/** What a recording calls its users and tokens, in the words of the run at hand. */
export class Translation {
  readonly #run = `${Date.now()}${Math.floor(Math.random() * 1000)}`;
  readonly #operatorToken: string;
  readonly #live = new Map<string, string>();

  constructor(operatorToken: string) {
    this.#operatorToken = operatorToken;
  }

  /** From here on `recorded` is `live`; one that has a name keeps it, and no two share one. */
  bind(recorded: string, live: string): void {
    const bound = this.#live.get(recorded);
    if (bound !== undefined) {
      expect(live, `the same as before where ${recorded} was recorded`).toBe(bound);
      return;
    }
    expect([...this.#live.values()], 'a name of its own').not.toContain(live);
    this.#live.set(recorded, live);
  }

  /** A recorded text, such as a path, a header or a body, as this run has to send or may expect it. */
  toLive(recorded: string): string {
    return (this.#live.get(recorded) ?? recorded)
      .replace(jwt, (token) => this.#tokenToLive(token))
      .replace(uuid, (id) => this.#live.get(id) ?? id)
      .replace(/(?<=refresh_token=)[\w-]+/, (token) => this.#live.get(token) ?? token)
      .replace('operator-token-for-tests', () => this.#operatorToken)
      .replace(runSuffix, (_, mode, number, name, shouted) => {
        if (mode) return `${mode}-${number}-${this.#run}`;
        return name ? `${name}-${this.#run}` : `ADMIN-${shouted}-${this.#run}`;
      });
  }

  // A recorded token whose signature was spoilt: the live one is spoilt alike.
  #tokenToLive(token: string): string {
    const whole = this.#live.get(token);
    if (whole !== undefined) return whole;
    const signed = token.slice(0, token.lastIndexOf('.'));
    for (const [recorded, live] of this.#live) {
      if (recorded.startsWith(`${signed}.`)) return live.slice(0, -4) + token.slice(-4);
    }
    return token;
  }
}
