import { join } from 'node:path';
import { listFunctions } from '@netlify/zip-it-and-ship-it';
import { parseFile } from '@netlify/zip-it-and-ship-it/dist/runtimes/node/in_source_config/index.js';

/**
 * The events for which Netlify would call a function of a project, such as `identity_validate`. The bundler reads them
 * from the source, as of @netlify/zip-it-and-ship-it 16.2.3: the default export must be an object literal, written out
 * or by its name, whose keys are those of the events. Older functions have the event as their file name.
 * @throws {Error} the project has no such function
 */
export async function readSubscriptions(project: string, name: string): Promise<string[]> {
  const directory = join(project, 'netlify', 'functions');
  const functions = await listFunctions(directory).catch(() => []);
  const found = functions.find((each) => each.name === name);
  if (!found) throw new Error(`There is no function ${name} in ${directory}.`);
  const { eventSubscriptions = [] } = await parseFile(found.mainFile, { functionName: name });
  return name.startsWith('identity-') ? [...eventSubscriptions, name.replace('-', '_')] : eventSubscriptions;
}
