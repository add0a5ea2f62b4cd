import { ConfigurationError } from './error.ts';
import { nearest } from './nearest.ts';

/**
 * Refuses options with an unknown field: a misspelt one would silently protect less, and plain JavaScript has no compiler
 * to notice.
 * @param what names the object in the error, such as `requireAccessToken`
 * @param known all fields that there are
 * @throws {ConfigurationError} a TypeError: names each unknown field and the nearest known one; or it is no object
 */
export function assertKnownKeys(
  what: string,
  options: unknown,
  known: readonly string[],
): asserts options is object {
  if (!isRecord(options)) throw new ConfigurationError([`${what}: the options must be an object.`]);
  const problems = unknownKeys(options, known).map((problem) => `${what}: ${problem}.`);
  if (problems.length > 0) throw new ConfigurationError(problems);
}

/** @returns a sentence without its full stop for each field that is not known */
export function unknownKeys(options: object, known: readonly string[]): string[] {
  return Object.keys(options)
    .filter((name) => !known.includes(name))
    .map((name) => {
      const near = nearest(name, known);
      const hint = near ? `did you mean ${near}? The` : 'the';
      return `${name} is unknown; ${hint} fields are ${known.join(', ')}`;
    });
}

export function isRecord(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Freezes a value and all that it holds, so that it can be shared. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(deepFreeze);
  return value;
}
