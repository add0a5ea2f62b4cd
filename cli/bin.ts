import { main } from './main.ts';
import { createProcessIo } from './output.ts';

// The file behind `npx daypass`. The exit code is set rather than forced, so that what was written gets out.
process.exitCode = await main(process.argv.slice(2), createProcessIo());
