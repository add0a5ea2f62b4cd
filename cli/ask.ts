import { Writable } from 'node:stream';
import { confirm, isCancel } from '@clack/prompts';
import { CommandError, UsageError } from './command.ts';
import type { Io } from './output.ts';

/**
 * Asks a question that is answered by yes or no.
 * @param question.flag the option that answers it: the way out where there is no terminal to ask at
 * @throws {UsageError} there is no terminal; names the flag
 * @throws {CommandError} `cancelled`
 */
export async function askConfirm(
  io: Io,
  question: { message: string; flag: string; initialValue?: boolean },
): Promise<boolean> {
  const { message, flag, initialValue = false } = question;
  if (!io.isInteractive) throw new UsageError(`${message} Nobody can be asked here: say so with ${flag}.`);
  const answer = await confirm({ message, initialValue, ...streamsOf(io) });
  if (isCancel(answer)) throw new CommandError('cancelled', 'Cancelled: nothing was done.');
  return answer;
}

/** Questions are no answer of the command's, so they stand with the hints. */
function streamsOf(io: Io) {
  const output = new Writable({
    write(chunk, _encoding, done) {
      io.writeError(String(chunk));
      done();
    },
  });
  return { output, ...(io.stdin && { input: io.stdin }) };
}
