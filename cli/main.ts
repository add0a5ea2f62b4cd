import {
  type Command,
  CommandError,
  type ExitCode,
  reportError,
  runCommandLine,
  version,
} from './command.ts';
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

/** Major and minor version. npm only warns of an older one, and what a command then fails with names no remedy. */
export const oldestNode = [22, 12] as const;

/**
 * `daypass`, as a function.
 * @param args the arguments behind `daypass`
 * @param nodeVersion that of this process, such as `24.1.0`
 * @returns the exit code
 */
export async function main(
  args: readonly string[],
  io: Io,
  nodeVersion = process.versions.node,
): Promise<ExitCode> {
  const [major = 0, minor = 0] = nodeVersion.split('.').map(Number);
  const [oldestMajor, oldestMinor] = oldestNode;
  if (major < oldestMajor || (major === oldestMajor && minor < oldestMinor)) {
    const message = `Daypass requires Node ${oldestNode.join('.')} or newer; this is ${nodeVersion}.`;
    return reportError(new CommandError('node_too_old', message), args.includes('--json'), io);
  }
  if (args.length === 1 && ['--version', '-v'].includes(args[0] ?? '')) {
    io.writeOut(`${version}\n`);
    return 0;
  }
  return runCommandLine(commands, args, io);
}
