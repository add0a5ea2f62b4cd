import { ConfigurationError } from '../protocol/error.ts';
import { readVariable } from './platform.ts';

/** What test runners set: Vitest, Jest, `node --test`. AVA, Bun and most others set `NODE_ENV` to `test`. */
const runnerVariables = ['VITEST', 'JEST_WORKER_ID', 'NODE_TEST_CONTEXT'];

/**
 * Refuses what signs tokens wherever it could be production: imported by accident there, it would forge passes.
 * @param what was requested
 * @throws {ConfigurationError} a TypeError, unless `DAYPASS_TESTING` is 1, a test runner runs, or `NODE_ENV` is `test`;
 * or `NODE_ENV` is `development`, or this is a page and no server, and neither says that it is production
 */
export function assertTesting(what: string): void {
  const nodeEnv = readNodeEnv();
  if (read('DAYPASS_TESTING') === '1' || nodeEnv === 'test' || runnerVariables.some(read)) return;
  const reason = productionReason(nodeEnv);
  if (reason === undefined && (nodeEnv === 'development' || isPage())) return;
  throw new ConfigurationError([
    `${what} is for tests, and ${reason ?? 'this could be production: no test runner runs, and NODE_ENV is neither test nor development'}. Import it only in tests, or set DAYPASS_TESTING=1.`,
  ]);
}

/** Whether this is a page. jsdom gives Node a `document`, older Deno has a `window`, and Workers have none of these. */
function isPage(): boolean {
  const { document, window, process, Deno } = globalThis as Record<string, unknown> & {
    process?: { versions?: object };
  };
  const isServer = process?.versions !== undefined || Deno !== undefined;
  return !isServer && (document !== undefined || window !== undefined);
}

function productionReason(nodeEnv: string | undefined): string | undefined {
  if (nodeEnv === 'production') return 'NODE_ENV is production';
  if (read('CONTEXT') === 'production') return 'the deploy context (CONTEXT) is production';
  const { Netlify } = globalThis as { Netlify?: { context?: { deploy?: { context?: string } } | null } };
  return Netlify?.context?.deploy?.context === 'production' ? 'the deploy context is production' : undefined;
}

/** Written out, since bundlers inline its value and leave no `process`. */
function readNodeEnv(): string | undefined {
  try {
    return process.env.NODE_ENV;
  } catch {
    return undefined;
  }
}

/** Deno requires a permission, and without it there is nothing to read. */
function read(name: string): string | undefined {
  try {
    return readVariable(name);
  } catch {
    return undefined;
  }
}
