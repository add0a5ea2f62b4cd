import { resolve } from 'node:path';
// Types alone: the package is loaded from the project, where it is installed.
import type { EventFunction } from '../../dev/index.ts';
import { type EventName, eventNames } from '../../src/identity/events.ts';
import { CommandError, version } from '../command.ts';
import { loadDevPackage } from '../dev/devPackage.ts';
import type { Io } from '../output.ts';

/** Where an event goes: a function of a running server, or of a project. */
export type TargetRequest =
  | { readonly url: URL }
  | {
      readonly project: string;
      readonly name: string;
      /** Whether to add `daypass-dev` without a question where it is missing. */
      readonly yes: boolean;
    };

/**
 * Opens a running server, or loads the function of a project by `daypass-dev`.
 * @throws {UsageError} `daypass-dev` is not installed in the project, and there is no terminal to ask at
 * @throws {CommandError} `function_unusable`: it is not there, cannot be loaded, or Netlify would not call it;
 * `server_unreachable` from `deliver`
 */
export async function openTarget(io: Io, event: EventName, target: TargetRequest): Promise<EventFunction> {
  if ('url' in target) return openServer(io, target.url);
  const root = resolve(io.cwd, target.project);
  const { openEventFunction } = await loadDevPackage(root, {
    ...{ version, yes: target.yes, io, neededBy: 'daypass event' },
  });
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
