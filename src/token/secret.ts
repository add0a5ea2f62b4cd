/** Prints a good secret: 32 random bytes. */
export const makeSecretCommand = `node -e "console.log(require('node:crypto').randomBytes(32).toString('base64url'))"`;

const template =
  /change.?me|replace.?me|your.{0,12}(secret|key)|secret.{0,4}here|example|placeholder|password|insert|\$\{|\{\{|<[^>]*>/i;

/**
 * Says why a secret is too weak to sign with, or undefined when it will do. The answer never repeats the secret.
 * @param secret used as its UTF-8 bytes; RFC 7518 §3.2 asks at least 32 of them for HS256
 */
export function secretWeakness(secret: string | undefined): string | undefined {
  if (secret === undefined || secret === '') return 'is missing';
  if (typeof secret !== 'string') return 'must be a text';
  if (secret.trim() !== secret) return 'starts or ends with white space';
  if (new TextEncoder().encode(secret).length < 32) return 'is shorter than 32 bytes';
  if (/\s/.test(secret)) return 'holds white space, like a text rather than a secret';
  if (template.test(secret)) return 'is a placeholder';
  if (isRepetitive(secret)) return 'repeats itself';
  return undefined;
}

function isRepetitive(secret: string): boolean {
  // 32 random hex digits hold fewer than 8 different ones about once in a million times.
  if (new Set(secret).size < 8) return true;
  // A string that occurs inside itself doubled, other than at both ends, is some shorter string repeated.
  if ((secret + secret).indexOf(secret, 1) < secret.length) return true;
  const codes = Array.from(secret, (character) => character.codePointAt(0) ?? 0);
  const steps = codes.slice(1).map((code, index) => code - (codes[index] ?? 0));
  const commonest = Math.max(...[-1, 0, 1].map((step) => steps.filter((other) => other === step).length));
  return commonest > steps.length / 2;
}
