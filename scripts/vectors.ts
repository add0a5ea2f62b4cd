import { join } from 'node:path';
import { put } from './put.ts';
import { files } from './vectors/all.ts';

// `npm run vectors`
for (const [name, content] of Object.entries(files)) {
  await put(join(import.meta.dirname, '..', 'test', 'vectors', name), content);
  console.log(`Wrote test/vectors/${name}: ${JSON.parse(content).length} cases.`);
}
