/** An option is invalid or unknown. Thrown when a stand-in or a server is made, before anything is started. */
export class OptionsError extends TypeError {
  readonly code = 'invalid_options';
  /** One sentence for each problem. */
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'OptionsError';
    this.problems = problems;
  }
}

/**
 * Refuses what is not an object, and unknown fields: a misspelt one would silently do nothing.
 * @param what names the object in the error, such as `startDevRedis`
 * @param known all fields that there are
 * @throws {OptionsError} names each unknown field, the nearest that there is, and all of these
 */
export function assertOptions(
  what: string,
  options: unknown,
  known: readonly string[],
): asserts options is object {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new OptionsError([`${what}: the options must be an object.`]);
  }
  const unknown = Object.keys(options).filter((name) => !known.includes(name));
  if (unknown.length === 0) return;
  throw new OptionsError(
    unknown.map((name) => {
      const near = nearest(name, known);
      const hint = near ? `did you mean ${near}? The` : 'the';
      return `${what}: ${name} is unknown; ${hint} fields are ${known.join(', ')}.`;
    }),
  );
}

/** The known name that a misspelt one shares the most pairs of letters with, if these are at least half of its pairs. */
function nearest(name: string, known: readonly string[]): string | undefined {
  const pairs = pairsOf(name);
  const shared = known.map((other) => {
    const found = pairsOf(other);
    return pairs.filter((pair) => found.includes(pair)).length / Math.max(pairs.length, found.length, 1);
  });
  return known[shared.indexOf(Math.max(0.5, ...shared))];
}

const pairsOf = (name: string) =>
  [...name.toLowerCase()].slice(1).map((letter, index) => name.toLowerCase()[index] + letter);

/** @throws {OptionsError} the port is no number from 0 to 65535 */
export function assertPort(what: string, port: unknown): void {
  if (Number.isInteger(port) && (port as number) >= 0 && (port as number) <= 65_535) return;
  throw new OptionsError([`${what}: port must be 0 to 65535.`]);
}
