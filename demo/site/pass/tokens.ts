import { byId, make, write } from '../dom.ts';
import { durationInWords, shortenName, timeOfDay } from '../words.ts';

/** The parts of a JWT, unverified: the page only shows them. */
export interface DecodedToken {
  header: Readonly<Record<string, unknown>>;
  claims: Readonly<Record<string, unknown>>;
}

/** Decodes a JWT without verifying it; undefined when the text is no JWT. */
export function decodeToken(token: string): DecodedToken | undefined {
  const [header, claims, signature] = token.split('.');
  if (!header || !claims || !signature) return undefined;
  const [decodedHeader, decodedClaims] = [decodePart(header), decodePart(claims)];
  return decodedHeader && decodedClaims && { header: decodedHeader, claims: decodedClaims };
}

function decodePart(part: string): Record<string, unknown> | undefined {
  try {
    const binary = atob(part.replaceAll('-', '+').replaceAll('_', '/'));
    const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** One thing that a token says: what about, and in words. */
export interface Statement {
  about: string;
  words: string;
}

/** An Identity token in words: what it claims, and what it leaves out. */
export function describeIdentityToken({ header, claims }: DecodedToken): Statement[] {
  const exp = Number(claims.exp);
  return [
    {
      about: 'Signed',
      words: `With ${header.alg}, under Identity’s own key (${header.kid}). The owner of this site cannot read that key, so no backend can verify the token.`,
    },
    {
      about: 'Names',
      words: `The throwaway user ${shortenName(claims.sub)}, with the e-mail address ${shortenName(claims.email)}, which no mail can reach.`,
    },
    {
      about: 'Missing',
      words: missing(claims),
    },
    {
      about: 'Lives',
      words: `Until ${timeOfDay(exp)}, and outlives its user.`,
    },
  ];
}

function missing(claims: DecodedToken['claims']): string {
  const absent = [
    ['iss', 'who issued it'],
    ['aud', 'for whom'],
    ['iat', 'when'],
    ['jti', 'a number of its own'],
  ].filter(([claim = '']) => !claims[claim]);
  if (absent.length === 0) return 'Nothing.';
  const names = absent.map(([claim, words]) => `${words} (${claim})`);
  return `It does not say ${listInWords(names, 'or')}.`;
}

/** An access token in words. */
export function describeAccessToken({ header, claims }: DecodedToken): Statement[] {
  const [iat, exp] = [Number(claims.iat), Number(claims.exp)];
  const scopes = String(claims.scope ?? '')
    .split(' ')
    .filter((scope) => scope !== '');
  return [
    {
      about: 'Signed',
      words: `With ${header.alg}, under key ${header.kid}, which this site and the API share. The API verifies it offline.`,
    },
    { about: 'Issued by', words: String(claims.iss) },
    {
      about: 'Issued for',
      words: `The API named “${claims.aud}”. Any other has to refuse it.`,
    },
    {
      about: 'Names',
      words: `The session ${shortenName(claims.sub)}: a random name, tied to no user.`,
    },
    {
      about: 'Allows',
      words: scopes.length === 0 ? 'No scope in particular.' : `The scope ${listInWords(scopes, 'and')}.`,
    },
    {
      about: 'Issued at',
      words: `${timeOfDay(iat)}, in a session that began at ${timeOfDay(Number(claims.auth_time))}.`,
    },
    ...(typeof claims.sid === 'string'
      ? [{ about: 'Begun by', words: `The broker: only it can make ${shortenName(claims.sid)} (sid).` }]
      : []),
    {
      about: 'Lives',
      words: `${durationInWords(exp - iat)}, until ${timeOfDay(exp)}.`,
    },
    { about: 'Made in', words: madeIn(String(claims.deploy_context)) },
  ];
}

function madeIn(context: string): string {
  if (context === 'production') return 'Production.';
  return `The deploy context “${context}”. Production refuses it.`;
}

function listInWords(words: readonly string[], joint: 'and' | 'or'): string {
  if (words.length < 2) return words.join('');
  return `${words.slice(0, -1).join(', ')} ${joint} ${words.at(-1)}`;
}

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
