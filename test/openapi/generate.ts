import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../scripts/bundle.ts';
import { put } from '../../scripts/put.ts';
import { buildDocument } from './document.ts';
import { collectAnswers, toExamples } from './examples.ts';

export const documentFile = join(root, 'docs/openapi.json');

/** The text of `docs/openapi.json`, with examples of a run. */
export async function generateDocument(): Promise<string> {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return `${JSON.stringify(buildDocument(version, toExamples(await collectAnswers())), null, 2)}\n`;
}

// `npm run openapi`
if (import.meta.main) await put(documentFile, await generateDocument());
