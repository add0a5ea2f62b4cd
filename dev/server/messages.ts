import type { Routes } from './routes.ts';

// What the server and the thread that runs a site's functions say to each other.

/** What the thread is started with. */
export interface WorkerData {
  root: string;
  /** The module in place of the site's `daypass.config.ts`. */
  config: string | undefined;
  /** Shown by the requests of the server that started this thread; others are not ours. */
  key: string;
}

/** What a site needs to begin. */
export interface Begin {
  /** All the variables that it sees. */
  environment: Readonly<Record<string, string>>;
  site: { id: string; name: string; url: string };
  /** Where `context.next()` leads. */
  nextOrigin: string;
  /** What functions find in `netlifyIdentityContext`. */
  identityContext: { url: string; token: string };
}

export type WorkerReport =
  | { kind: 'policy'; policy: unknown }
  | { kind: 'ready'; origin: string; routes: Routes[]; events: Record<string, string[]>; files: string[] }
  | { kind: 'failed'; message: string };

/** Fields by which the server speaks to this thread; it strips those of callers. */
export const internalFields = {
  key: 'x-daypass-dev-key',
  url: 'x-daypass-dev-url',
  address: 'x-daypass-dev-address',
  event: 'x-daypass-dev-event',
} as const;
