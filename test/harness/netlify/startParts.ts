import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { provideEnvironment } from './provideEnvironment.ts';
import { type EdgeFunctions, runEdgeFunctions } from './runEdgeFunctions.ts';
import { type Functions, type FunctionsOptions, runFunctions } from './runFunctions.ts';

/** The site as functions and edge functions see it in their context. */
const site = { id: 'daypass-dev', name: 'daypass' };

export interface Parts {
  /** Undefined when the project has none. */
  edge: EdgeFunctions | undefined;
  /** Undefined when the project has none. */
  functions: Functions | undefined;
  close(): Promise<void>;
}

export interface PartsOptions extends Pick<FunctionsOptions, 'projectRoot' | 'identityContext' | 'log'> {
  origin: string;
  environment: Readonly<Record<string, string>>;
}

/**
 * Starts both halves of the emulator in a temporary folder that goes when they do.
 *
 * @throws Error when one of them does not start; the other is closed by then
 */
export async function startParts(options: PartsOptions): Promise<Parts> {
  const { projectRoot, origin, identityContext, log } = options;
  const folder = await mkdtemp(join(tmpdir(), 'daypass-netlify-'));
  const buildFolder = join(folder, 'functions');
  const workFolder = join(folder, 'deno');
  await Promise.all([mkdir(buildFolder), mkdir(workFolder)]);

  const environment = { URL: origin, SITE_ID: site.id, SITE_NAME: site.name, ...options.environment };
  const restoreEnvironment = provideEnvironment(environment);

  const starting = [
    runEdgeFunctions({ projectRoot, workFolder, origin, environment, site }),
    runFunctions({ projectRoot, buildFolder, site, identityContext, log }),
  ] as const;
  const close = async () => {
    restoreEnvironment();
    const parts = await Promise.allSettled(starting);
    const closed = await Promise.allSettled(
      parts.map((part) => (part.status === 'fulfilled' ? part.value?.close() : undefined)),
    );
    // A worker that was just ended may still be writing there.
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    const failed = closed.find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
  };

  try {
    const [edge, functions] = await Promise.all(starting);
    return { edge, functions, close };
  } catch (error) {
    await close();
    throw error;
  }
}
