import { ConfigurationError } from './error.ts';
import { nearest } from './nearest.ts';

/**
 * Refuses an object with a field that its reader does not know: a misspelt option would silently protect less.
 * Plain JavaScript has no compiler to notice.
 * @param what names the object in the error, such as `requireAccessToken`
 * @param known all fields that it may have
 * @throws {ConfigurationError} a TypeError: names each unknown field and the nearest known one; or it is no object
 */
export function assertKnownKeys(what: string, given: unknown, known: readonly string[]): void {
  if (!isPlainRecord(given)) throw new ConfigurationError([`${what}: the options must be an object.`]);
  const problems = unknownKeys(given, known).map((problem) => `${what}: ${problem}.`);
  if (problems.length > 0) throw new ConfigurationError(problems);
}

/** @returns a sentence, without its full stop, for each field that is not known */
export function unknownKeys(given: object, known: readonly string[]): string[] {
  return Object.keys(given)
    .filter((name) => !known.includes(name))
    .map((name) => {
      const near = nearest(name, known);
      return `${name} is unknown${near ? `; did you mean ${near}?` : ''}; the fields are ${known.join(', ')}`;
    });
}

function isPlainRecord(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
