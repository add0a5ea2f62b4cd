import type { Routes } from './routes.ts';

// What the server and the thread that runs a site's functions say to each other.

/** What the thread is started with. */
export interface WorkerData {
  root: string;
  /** The module in place of the site's `daypass.config.ts`. */
  config: string | undefined;
  /** The folders of functions and of edge functions. */
  functions: string;
  edgeFunctions: string;
  /** Paths of edge functions that `netlify.toml` declares. */
  edgeRoutes: readonly { name: string; path: string; excludedPaths: readonly string[] }[];
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
  /** Whether the answer of a function that threw holds what it threw. */
  exposeErrors: boolean;
}

export type WorkerReport =
  | { kind: 'policy'; policy: unknown }
  | {
      kind: 'ready';
      origin: string;
      routes: Routes[];
      /** The names of functions that answer requests. */
      functions: string[];
      events: Record<string, string[]>;
      files: string[];
    }
  /** With the site's own modules that were loaded, or should have been. */
  | { kind: 'failed'; message: string; files: string[] };

/** Fields by which the server speaks to this thread; it strips those of callers. */
export const internalFields = {
  key: 'x-daypass-dev-key',
  url: 'x-daypass-dev-url',
  address: 'x-daypass-dev-address',
  event: 'x-daypass-dev-event',
  /** The function that a rewrite leads to, whatever its own paths are. */
  function: 'x-daypass-dev-function',
  /** Of an answer: it is that of the backend behind the gate. */
  ofBackend: 'x-daypass-dev-of-backend',
} as const;
