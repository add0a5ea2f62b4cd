import { type Command, type ExitCode, runCommandLine, version } from './command.ts';
import { devCommand } from './commands/dev.ts';
import { doctorCommand } from './commands/doctor.ts';
import { eventCommand } from './commands/event.ts';
import { initCommand } from './commands/init.ts';
import { policyCommand } from './commands/policy.ts';
import { secretCommand } from './commands/secret.ts';
import { statsCommand } from './commands/stats.ts';
import { sweepCommand } from './commands/sweep.ts';
import { tokenCommand } from './commands/token.ts';
import { verifyCommand } from './commands/verify.ts';
import type { Io } from './output.ts';

/** Every command, in the order of the overview. */
export const commands: readonly Command[] = [
  // The way onto a site: init, dev, doctor.
  initCommand,
  devCommand,
  doctorCommand,
  policyCommand,
  secretCommand,
  tokenCommand,
  verifyCommand,
  eventCommand,
  statsCommand,
  sweepCommand,
];

/**
 * `daypass`, as a function.
 * @param args the arguments behind `daypass`
 * @returns the exit code
 */
export async function main(args: readonly string[], io: Io): Promise<ExitCode> {
  if (args.length === 1 && ['--version', '-v'].includes(args[0] ?? '')) {
    io.writeOut(`${version}\n`);
    return 0;
  }
  return runCommandLine(commands, args, io);
}
