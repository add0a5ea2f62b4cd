import { algorithms } from './algorithms.ts';
import { characters } from './characters.ts';
import { claimTypes } from './claimTypes.ts';
import { claimValues } from './claimValues.ts';
import { confusion } from './confusion.ts';
import { duplicates } from './duplicates.ts';
import { fields } from './fields.ts';
import { json } from './json.ts';
import { keys } from './keys.ts';
import { rotation } from './rotation.ts';
import { secrets } from './secrets.ts';
import { shapes } from './shapes.ts';
import { signatures } from './signatures.ts';
import { sites } from './sites.ts';
import { sizes } from './sizes.ts';
import { spellings } from './spellings.ts';
import { times } from './times.ts';
import { types } from './types.ts';
import { unicode } from './unicode.ts';
import type { Vector } from './vector.ts';

const vectors: readonly Vector[] = [
  ...algorithms,
  ...types,
  ...keys,
  ...rotation,
  ...confusion,
  ...secrets,
  ...signatures,
  ...spellings,
  ...characters,
  ...shapes,
  ...sizes,
  ...json,
  ...duplicates,
  ...unicode,
  ...claimTypes,
  ...claimValues,
  ...times,
];

/** The files of the vectors by name, and what stands in each. */
export const files = {
  'accept.json': render(vectors.filter(({ code }) => code === null)),
  'refuse.json': render(vectors.filter(({ code }) => code !== null)),
  'sites.json': render(sites),
  'fields.json': render(fields),
};

function render(some: readonly object[]): string {
  return `${JSON.stringify(some, null, 1)}\n`;
}
