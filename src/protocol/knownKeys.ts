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

/**
 * What an option may be: what it must be in the words of the error, such as `a list of scopes`, and whether a value is that.
 * One that is not `required` may be left out.
 */
export type OptionRule = readonly [form: string, isValid: (value: unknown) => boolean, required?: 'required'];

/**
 * Refuses options that are unknown or break their rule.
 * @param what names the object in an error about unknown ones
 * @param others names of options that are checked elsewhere
 * @throws {ConfigurationError} a TypeError
 */
export function assertOptions(
  what: string,
  options: unknown,
  rules: Readonly<Record<string, OptionRule>>,
  others: readonly string[] = [],
): void {
  assertKnownKeys(what, options, [...Object.keys(rules), ...others]);
  const problems = invalidOptions(options, rules);
  if (problems.length > 0) throw new ConfigurationError(problems);
}

/**
 * Refuses options that are not all functions, or unknown.
 * @throws {ConfigurationError} a TypeError
 */
export function assertFunctions(what: string, options: object, known: readonly string[]): void {
  const rule: OptionRule = ['a function', (value) => typeof value === 'function', 'required'];
  assertKnownKeys(what, options, known);
  assertOptions(what, options, Object.fromEntries(Object.keys(options).map((name) => [name, rule])));
}

/** @returns a sentence for each option that breaks its rule; one that is undefined counts as left out */
export function invalidOptions(options: object, rules: Readonly<Record<string, OptionRule>>): string[] {
  return Object.entries(rules).flatMap(([name, [form, isValid, required]]) => {
    const value: unknown = (options as Record<string, unknown>)[name];
    const isLeftOut = value === undefined && !required;
    return isLeftOut || isValid(value) ? [] : [`${name} must be ${form}.`];
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
