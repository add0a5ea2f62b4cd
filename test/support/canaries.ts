/** Shorter pieces would occur by chance; a leak of twice as much holds one whole. */
const pieceLength = 12;

/** The secrets of a run, to be looked for in all that it wrote. */
export interface Canaries {
  /**
   * Remembers a secret.
   * @param name what a test calls it
   * @returns the secret, as it was given
   */
  plant(name: string, secret: string): string;
  /** Remembers a JWT: its signature, and its payload as a whole, for others share its beginning. */
  plantToken(name: string, token: string): string;
  /** Which of them a text holds, whole or in good part, plain or encoded: names, each once. */
  findIn(text: string): string[];
}

/** Random, printable, and of the length of a good secret, so that it passes where a real one does. */
export function newCanary(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(33))).toString('base64url');
}

export function createCanaries(): Canaries {
  const needles = new Map<string, string>();
  const add = (name: string, forms: readonly string[]) => {
    for (const form of forms) needles.set(form, name);
  };
  return {
    plant(name, secret) {
      if (secret.length < pieceLength) throw new Error(`${name} is too short to be looked for.`);
      add(name, formsOf(secret).flatMap(piecesOf));
      return secret;
    },
    plantToken(name, token) {
      const [, payload = '', signature = ''] = token.split('.');
      if (signature === '') throw new Error(`${name} is no JWT.`);
      add(name, formsOf(signature).flatMap(piecesOf));
      add(`${name}, its payload`, formsOf(payload));
      return token;
    },
    findIn(text) {
      // Output that is broken into lines, or written by JSON in JSON, still is the secret.
      const joined = text.replace(/[\s\\]/g, '');
      const found = [...needles].filter(([needle]) => text.includes(needle) || joined.includes(needle));
      return [...new Set(found.map(([, name]) => name))].sort();
    },
  };
}

/** How a text may come into an output. */
function formsOf(text: string): string[] {
  const bytes = Buffer.from(text);
  const percent = [...bytes].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
  const encoded = [
    text,
    encodeURIComponent(text),
    percent,
    percent.toUpperCase(),
    bytes.toString('hex'),
    bytes.toString('hex').toUpperCase(),
    [...text].reverse().join(''),
    ...inBase64(bytes),
  ];
  return [...new Set(encoded)];
}

/**
 * Base64 and base64url of a text wherever it stands in what was encoded: three alignments, without the characters at either
 * end, which depend on the neighbours.
 */
function inBase64(bytes: Buffer): string[] {
  return [0, 1, 2].flatMap((before) => {
    const padded = Buffer.concat([Buffer.alloc(before), bytes]);
    const certain = padded.subarray(0, padded.length - (padded.length % 3));
    const text = certain.toString('base64').slice(Math.ceil((before * 8) / 6));
    return [text, text.replaceAll('+', '-').replaceAll('/', '_')];
  });
}

function piecesOf(form: string): string[] {
  const count = Math.floor(form.length / pieceLength);
  return Array.from({ length: count }, (_, index) =>
    form.slice(index * pieceLength, (index + 1) * pieceLength),
  );
}
