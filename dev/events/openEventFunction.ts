import { resolve } from 'node:path';
import { assertOptions, OptionsError } from '../assertOptions.ts';
import { handlerNames } from '../server/events.ts';
import { openSite } from '../server/serveSite.ts';

export interface EventFunctionOptions {
  /** The site's folder, with `netlify/functions`. */
  root: string;
  /** Name of the function, without a path. Default `identity`. */
  name?: string | undefined;
  /** The event that it must have a handler for, by GoTrue's name: `validate`, `usermodified`, … */
  event: string;
  /** What the function reads as its environment. Default: nothing but what Netlify sets. */
  variables?: Readonly<Record<string, string | undefined>> | undefined;
  /** Takes what the function writes on its console, line by line. Default: the console of this process. */
  output?: ((line: string, stream: 'stdout' | 'stderr') => void) | undefined;
}

/** An event function of a site, loaded as Netlify loads it. */
export interface EventFunction {
  /** Where Netlify would call it. */
  readonly url: URL;
  /** Hands it an event, as the platform does. */
  deliver(request: Request): Promise<Response>;
  close(): Promise<void>;
}

/**
 * Loads an event function of a site, to send it events.
 * @throws {OptionsError} an option is invalid or unknown
 * @throws {Error} there is no such function, it cannot be loaded, or Netlify would not call it for this event
 * @example
 * ```ts
 * const identity = await openEventFunction({ root: '.', event: 'validate' });
 * const response = await identity.deliver(new Request(identity.url, { method: 'POST', body, headers }));
 * await identity.close();
 * ```
 */
export async function openEventFunction(options: EventFunctionOptions): Promise<EventFunction> {
  assertOptions('openEventFunction', options, ['root', 'name', 'event', 'variables', 'output']);
  const { root, name = 'identity', event, variables = {}, output } = options;
  const handler = handlerNames[event];
  if (typeof root !== 'string')
    throw new OptionsError(['openEventFunction: root must be the folder of a site.']);
  if (!/^[\w-]+$/.test(name))
    throw new OptionsError(['openEventFunction: name must be the name of a function, without a path.']);
  if (handler === undefined) {
    const known = Object.keys(handlerNames).join(', ');
    throw new OptionsError([`openEventFunction: event must be one of ${known}.`]);
  }
  // Netlify's bundler takes a second to load: not for those who only start a stand-in.
  const { readSubscriptions } = await import('./readSubscriptions.ts');
  const subscriptions = await readSubscriptions(root, name);
  if (!subscriptions.includes(`identity_${event}`)) {
    throw new Error(
      `Netlify would not call ${name} for this event: its default export must be an object literal with ${handler} in it.`,
    );
  }
  const origin = 'http://localhost:8888';
  const host = await openSite(resolve(root), { output });
  const set = Object.entries(variables).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const running = await host.begin(
    {
      environment: { ...Object.fromEntries(set), URL: origin },
      site: { id: 'daypass-dev', name: 'daypass', url: origin },
      identityContext: { url: `${origin}/.netlify/identity`, token: '' },
      exposeErrors: false,
    },
    () => new Response(null, { status: 404 }),
  );
  return {
    url: new URL(`${origin}/.netlify/functions/${name}`),
    deliver: (request) => running.dispatchEvent(name, request),
    close: () => running.end(),
  };
}
