import { join } from 'node:path';
import { runGuarded } from './runGuarded.ts';

const root = join(import.meta.dirname, '../../..');
const script = join(import.meta.dirname, 'prepare.py');

/** The Django project that the dev server and its tests run. */
export const exampleFolder = join(root, 'examples/django');

/**
 * Makes the virtual environment of the Django example, or brings it up to date with its requirements and with `python/`.
 * @param print takes a line for people when something has to be installed
 * @param other a folder in `dist` and a file of requirements, for another environment than the example's
 * @returns the path of its Python
 * @throws {Error} python3 is missing or too old, or pip failed; the message says what to do
 */
export async function prepareEnvironment(
  print: (line: string) => void,
  other = { folder: 'django', requirements: join(exampleFolder, 'requirements.txt') },
): Promise<string> {
  const folder = join(root, 'dist', other.folder);
  const command = await runGuarded(['python3', script, folder, join(root, 'python'), other.requirements], {
    env: process.env,
  });
  command.printed(/^(Installing .*)$/m).then(print, () => undefined);
  try {
    return await command.printed(/^(\/.+)\n/m);
  } finally {
    await command.stop();
  }
}
