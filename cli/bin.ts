import { main } from './main.ts';
import { createProcessIo } from './output.ts';

// The reader may close the pipe early: `daypass stats --watch | head`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

// The file behind `npx daypass`. The exit code is set rather than forced, so that what was written gets out.
process.exitCode = await main(process.argv.slice(2), createProcessIo());
