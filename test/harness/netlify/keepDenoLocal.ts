import { mkdir, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

/**
 * Netlify's emulator lets Deno listen on every interface, and there whoever reaches the port can have any module
 * imported with all permissions. Deno binds to what DENO_SERVE_ADDRESS says instead, which must name the port;
 * the emulator picks that late and tells it in the last argument, so a script in between reads it from there.
 *
 * @param folder an empty folder for the script
 * @param deno path of the real program
 * @returns a PATH on which `deno` is that script
 */
export async function keepDenoLocal(folder: string, deno: string): Promise<string> {
  const quoted = `'${deno.replaceAll("'", "'\\''")}'`;
  const script = `#!/bin/sh
for last; do :; done
port=\${last#*\\"denoPort\\":}
DENO_SERVE_ADDRESS="tcp:127.0.0.1:\${port%%[!0-9]*}"
export DENO_SERVE_ADDRESS
exec ${quoted} "$@"
`;
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'deno'), script, { mode: 0o755 });
  return [folder, process.env.PATH].join(delimiter);
}
