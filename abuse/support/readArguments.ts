import { parseArgs } from 'node:util';

/**
 * Reads `--only <name>`, which may be repeated.
 * @throws Error for an unknown name, and for anything else
 */
export function readArguments(words: string[], names: readonly string[]): { only: readonly string[] } {
  const { values } = parseArgs({ args: words, options: { only: { type: 'string', multiple: true } } });
  const { only = names } = values;
  const unknown = only.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new Error(`There is no measure ${unknown}: take ${names.join(', ')}.`);
  return { only };
}
