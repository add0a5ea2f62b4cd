import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** The Python package. */
export const packageFolder = join(import.meta.dirname, '../../../python');

/**
 * Makes the virtual environment `python/.venv`, which holds the Python package and all that its tests need, unless it is
 * there and `pyproject.toml` is what it was.
 * @returns the path of its Python
 * @throws {Error} it could not be made; the message is what python3 and pip said
 */
export async function preparePython(): Promise<string> {
  const script = spawn('python3', [join(packageFolder, 'scripts/environment.py')]);
  let output = '';
  let errors = '';
  script.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  script.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const [code] = await once(script, 'close');
  if (code !== 0) throw new Error(errors.trim());
  return output.trim();
}
