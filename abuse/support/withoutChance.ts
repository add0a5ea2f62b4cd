import type { Answer } from './send.ts';

const patterns = {
  jwt: /[\w-]{10,}\.[\w-]{10,}\.[\w-]{10,}/g,
  id: /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g,
  time: /\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z/g,
  refreshToken: /(?<="refresh_token":")[^"]+/g,
  expiry: /(?<="exp":)\d+/g,
};

/**
 * An answer whole, in one text: status, fields sorted by their names, body. Order and case of field names mean nothing
 * (RFC 9110 §5.1, §5.3) and are what each hop makes of them. Ids, times, tokens and signatures become words; of a JWT, what
 * it says stays.
 */
export function withoutChance({ status, rawHeaders, text }: Answer): string {
  const body = text
    .replace(patterns.refreshToken, '<refresh token>')
    .replace(patterns.jwt, decode)
    .replace(patterns.expiry, '<time>')
    .replace(patterns.id, '<id>')
    .replace(patterns.time, '<time>');
  const fields = rawHeaders.flatMap((word, index) => {
    if (index % 2 === 0) return [];
    const name = rawHeaders[index - 1]?.toLowerCase();
    // Times have as many digits as they need.
    const isLength = name === 'content-length' && Number(word) === Buffer.byteLength(text);
    return [`${name}: ${name === 'date' ? '<time>' : isLength ? '<length>' : word}`];
  });
  return [status, ...fields.sort(), body].join('\n');
}

function decode(jwt: string): string {
  const [header = '', payload = ''] = jwt.split('.').map((part) => Buffer.from(part, 'base64url').toString());
  return `<${header}.${payload}.signature>`;
}
