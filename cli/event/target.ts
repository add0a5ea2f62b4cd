import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
// Types alone: the package is loaded from the project, where it is installed.
import type { EventFunction, EventFunctionOptions } from '../../dev/index.ts';
import { type EventName, eventNames } from '../../src/identity/events.ts';
import { CommandError, UsageError } from '../command.ts';
import type { Io } from '../output.ts';

/** Where an event goes: a function of a running server, or of a project. */
export type TargetRequest = { readonly url: URL } | { readonly project: string; readonly name: string };

/** What of `daypass-dev` is used here. */
interface DevPackage {
  openEventFunction(options: EventFunctionOptions): Promise<EventFunction>;
}

/**
 * Opens a running server, or loads the function of a project by `daypass-dev`.
 * @throws {UsageError} `daypass-dev` is not installed in the project
 * @throws {CommandError} `function_unusable`: it is not there, cannot be loaded, or Netlify would not call it;
 * `server_unreachable` from `deliver`
 */
export async function openTarget(io: Io, event: EventName, target: TargetRequest): Promise<EventFunction> {
  if ('url' in target) return openServer(io, target.url);
  const root = resolve(io.cwd, target.project);
  const { openEventFunction } = await importDevPackage(root);
  try {
    return await openEventFunction({
      root,
      name: target.name,
      event: eventNames[event].gotrue,
      variables: io.env,
      output: (line) => io.writeError(`${line}\n`),
    });
  } catch (error) {
    throw new CommandError('function_unusable', (error as Error).message);
  }
}

function openServer(io: Io, url: URL): EventFunction {
  const deliver = (request: Request) =>
    io.fetch(request).catch((error: Error) => {
      const cause = error.cause instanceof Error ? error.cause.message : error.message;
      throw new CommandError('server_unreachable', `No answer from ${url.href}: ${cause}`);
    });
  return { url, deliver, close: async () => undefined };
}

/**
 * Loads `daypass-dev` from a project.
 * @param alsoFrom files from which it is looked for, too. Default: this one, since both may be installed for the whole machine
 * @throws {UsageError} it is not there: with the line that adds it
 */
export async function importDevPackage(
  root: string,
  alsoFrom: readonly string[] = [import.meta.filename],
): Promise<DevPackage> {
  for (const from of [join(root, 'package.json'), ...alsoFrom]) {
    const entry = resolveFrom(from);
    if (entry) return import(pathToFileURL(entry).href);
  }
  throw new UsageError(
    'daypass event runs functions by the package daypass-dev: npm install --save-dev daypass-dev. Or name a running server with --url.',
  );
}

function resolveFrom(file: string): string | undefined {
  try {
    return createRequire(file).resolve('daypass-dev');
  } catch {
    return undefined;
  }
}
