import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { packageFolder } from './venv.ts';

/**
 * Has the Python package verifier questions, one process for all of them.
 * @param python the Python of its virtual environment
 * @param questions as `python/tests.agreement.verify.py` takes them
 * @returns its answers, in the same order
 * @throws {Error} it ended before it had answered all; the message is what it said
 */
export async function askPython(python: string, questions: readonly object[]): Promise<unknown[]> {
  const verifier = spawn(python, ['-m', 'tests.agreement.verify'], { cwd: packageFolder });
  let errors = '';
  verifier.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  // What it did not read is told by its missing answers.
  verifier.stdin.on('error', () => undefined);
  verifier.stdin.end(questions.map((question) => `${JSON.stringify(question)}\n`).join(''));
  const closed = once(verifier, 'close');
  const answers: unknown[] = [];
  for await (const line of createInterface({ input: verifier.stdout })) answers.push(JSON.parse(line));
  await closed;
  if (answers.length !== questions.length) throw new Error(errors.trim());
  return answers;
}
