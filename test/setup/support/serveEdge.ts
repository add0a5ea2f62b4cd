// Runs in Deno: serves the edge functions of a bundle, in the order of their names, as the platform does around them.
// Arguments: the address of what is behind them, then pairs of a path and the module that answers it.

declare const Deno: {
  args: string[];
  env: { get(name: string): string | undefined; toObject(): Record<string, string> };
  serve(
    options: { hostname: string; port: number; onListen(address: { port: number }): void },
    handler: (request: Request) => Promise<Response>,
  ): unknown;
};

type EdgeFunction = (request: Request, context: object) => Promise<Response | undefined>;

const [behind = '', ...pairs] = Deno.args;
const env = {
  get: Deno.env.get,
  has: (name: string) => Deno.env.get(name) !== undefined,
  toObject: Deno.env.toObject,
};
Object.assign(globalThis, { Netlify: { env } });

const functions: { prefix: string; handle: EdgeFunction }[] = [];
for (const file of pairs) {
  const { default: handle, config } = await import(file);
  functions.push({ prefix: config.path.replace(/\*$/, ''), handle });
}

/** What is behind: the site, with everything of the request but its address. */
function next(request: Request): Promise<Response> {
  const { pathname, search } = new URL(request.url);
  return fetch(new Request(behind + pathname + search, request));
}

Deno.serve(
  { hostname: '127.0.0.1', port: 0, onListen: ({ port }) => console.log(`listening on ${port}`) },
  async (request) => {
    const { pathname } = new URL(request.url);
    const found = functions.find(({ prefix }) => pathname.startsWith(prefix));
    const context = {
      ip: '203.0.113.7',
      requestId: crypto.randomUUID(),
      deploy: { context: 'dev' },
      // Options may come in the place of a request.
      next: (given?: unknown) => next(given instanceof Request ? given : request),
      waitUntil: (work: Promise<unknown>) => void work.catch(() => undefined),
    };
    return (await found?.handle(request, context)) ?? next(request);
  },
);

export {};
