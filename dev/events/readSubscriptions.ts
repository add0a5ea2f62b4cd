// Not the package's own entry: that loads the project's `typescript`, which from version 7 on is no library.
import { parseFile } from '@netlify/zip-it-and-ship-it/dist/runtimes/node/in_source_config/index.js';
import { listEntries, readSiteConfig } from '../frontend/siteConfig.ts';

/**
 * The events for which Netlify would call a function of a project, such as `identity_validate`. The bundler reads them
 * from the source, as of @netlify/zip-it-and-ship-it 16.2.3: the default export must be an object literal, written out
 * or by its name, whose keys are those of the events. Older functions have the event as their file name.
 * @throws {Error} the project has no such function
 */
export async function readSubscriptions(project: string, name: string): Promise<string[]> {
  const directory = readSiteConfig(project).functions;
  const found = (await listEntries(directory)).find((each) => each.name === name);
  if (!found) {
    const remedy = name === 'identity' ? ' To add it: npx daypass init --with identity' : '';
    throw new Error(`There is no function ${name} in ${directory}.${remedy}`);
  }
  const { eventSubscriptions = [] } = await parseFile(found.path, { functionName: name });
  return name.startsWith('identity-') ? [...eventSubscriptions, name.replace('-', '_')] : eventSubscriptions;
}
