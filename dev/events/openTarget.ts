import { resolve } from 'node:path';
import { openSite } from '../server/serveSite.ts';
import { eventNames } from './payload.ts';
import type { SendOptions } from './readArguments.ts';

/** Where an event goes. */
export interface Target {
  url: URL;
  deliver(request: Request): Promise<Response>;
  close(): Promise<void>;
}

/**
 * Opens a running server, or runs the functions of a project.
 * @throws {Error} the project's functions cannot be run, or Netlify would not call this one
 */
export async function openTarget({ event, target }: Pick<SendOptions, 'event' | 'target'>): Promise<Target> {
  if ('url' in target) {
    const { url } = target;
    const deliver = (request: Request) =>
      fetch(request).catch((error: Error) => {
        const cause = error.cause instanceof Error ? error.cause.message : error.message;
        throw new Error(`No answer from ${url.href}: ${cause}`);
      });
    return { url, deliver, close: async () => undefined };
  }
  // Netlify's bundler takes a second to load: not for calls to a server that runs already.
  const { readSubscriptions } = await import('./readSubscriptions.ts');
  const { gotrue, netlify } = eventNames[event];
  const subscriptions = await readSubscriptions(target.project, target.function);
  if (!subscriptions.includes(`identity_${gotrue}`)) {
    throw new Error(
      `Netlify would not call ${target.function} for this event: its default export must be an object literal with ${netlify} in it.`,
    );
  }
  const origin = 'http://localhost:8888';
  const host = await openSite(resolve(target.project), {});
  const running = await host.begin(
    {
      environment: { ...(process.env as Record<string, string>), URL: origin },
      site: { id: 'daypass-dev', name: 'daypass', url: origin },
      identityContext: { url: `${origin}/.netlify/identity`, token: '' },
      exposeErrors: false,
    },
    () => new Response(null, { status: 404 }),
  );
  return {
    url: new URL(`${origin}/.netlify/functions/${target.function}`),
    deliver: (request) => running.dispatchEvent(target.function, request),
    close: () => running.end(),
  };
}
