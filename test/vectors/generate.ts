import { join } from 'node:path';
import { put } from '../../scripts/put.ts';
import { files } from './generator/all.ts';

// `npm run vectors`
for (const [name, content] of Object.entries(files)) {
  await put(join(import.meta.dirname, name), content);
  console.log(`Wrote test/vectors/${name}: ${JSON.parse(content).length} cases.`);
}
