import type { Answer } from './send.ts';

const patterns = {
  jwt: /[\w-]{10,}\.[\w-]{10,}\.[\w-]{10,}/g,
  id: /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g,
  time: /\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z/g,
  refreshToken: /(?<="refresh_token":")[^"]+/g,
  expiry: /(?<="exp":)\d+/g,
};

/**
 * An answer whole, in one text: status, fields in their order and spelling, body. Ids, times, tokens and signatures
 * become words; of a JWT, what it says stays.
 */
export function withoutChance({ status, rawHeaders, text }: Answer): string {
  const body = text
    .replace(patterns.refreshToken, '<refresh token>')
    .replace(patterns.jwt, decode)
    .replace(patterns.expiry, '<time>')
    .replace(patterns.id, '<id>')
    .replace(patterns.time, '<time>');
  const fields = rawHeaders.map((word, index) => {
    const name = rawHeaders[index - 1]?.toLowerCase();
    if (index % 2 === 0) return word;
    if (name === 'date') return '<time>';
    // Times have as many digits as they need.
    return name === 'content-length' && Number(word) === Buffer.byteLength(text) ? '<length>' : word;
  });
  return [status, ...fields, body].join('\n');
}

function decode(jwt: string): string {
  const [header = '', payload = ''] = jwt.split('.').map((part) => Buffer.from(part, 'base64url').toString());
  return `<${header}.${payload}.signature>`;
}
