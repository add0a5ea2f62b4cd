import type { ChildProcess } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { EdgeFunctionsHandler } from '@netlify/edge-functions-dev';

/** What the handler keeps to itself, as of @netlify/edge-functions-dev 2.0.1. */
interface Internals {
  denoServerProcess?: { ps?: ChildProcess };
  getFunctionConfigs(port: number, functions: Record<string, string>): Promise<Configs>;
}

interface Configs {
  configs?: unknown;
  error?: unknown;
}

export interface EdgeInternals {
  /** Whether Deno ran and has ended. The handler's `stop()` waits for ever for one that a signal ended. */
  hasEnded(): boolean;
  /** Why the edge functions could not be loaded last time, or undefined. */
  loadError(): string | undefined;
}

function describe(error: unknown): string {
  if (typeof error === 'object' && error !== null && 'message' in error) return String(error.message);
  return typeof error === 'string' ? error : JSON.stringify(error);
}

/** Changes whenever one of the entry files does, which alone hold the `config` literals. */
async function fingerprint(functions: Record<string, string>): Promise<string> {
  const entries = await Promise.all(
    Object.values(functions).map(async (url) => `${url} ${(await stat(fileURLToPath(url))).mtimeMs}`),
  );
  return entries.join('\n');
}

/**
 * Lets the handler ask Deno for the edge functions' `config` only when an entry file has changed. It asks at
 * every request, and Deno never ends the worker that answers: some 13 MB and one thread a request, until the
 * machine is out of memory.
 *
 * @throws Error when the handler is not the one that this was written for
 */
export function reachEdgeInternals(handler: EdgeFunctionsHandler): EdgeInternals {
  const internals = handler as unknown as Internals;
  if (typeof internals.getFunctionConfigs !== 'function' || !('denoServerProcess' in internals)) {
    throw new Error('This version of @netlify/edge-functions-dev has other insides: reachEdgeInternals.ts');
  }
  const ask = internals.getFunctionConfigs.bind(handler);
  let known: { key: string; answer: Promise<Configs> } | undefined;
  let lastError: unknown;

  internals.getFunctionConfigs = async (port, functions) => {
    const key = await fingerprint(functions);
    if (known?.key !== key) known = { key, answer: ask(port, functions) };
    const { answer } = known;
    const forget = () => {
      if (known?.answer === answer) known = undefined;
    };
    const result = await answer.catch((error: unknown) => {
      forget();
      throw error;
    });
    lastError = result.error;
    // An import may have failed in another file than the entry: to be tried again once that is mended.
    if (result.error !== undefined) forget();
    return result;
  };

  return {
    hasEnded() {
      const child = internals.denoServerProcess?.ps;
      return child !== undefined && (child.exitCode !== null || child.signalCode !== null);
    },
    loadError: () => (lastError === undefined ? undefined : describe(lastError)),
  };
}
