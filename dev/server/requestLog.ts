import { remedyFor } from './remedies.ts';
import { matchRoutes } from './routes.ts';
import type { SitePolicy } from './settings.ts';

/** One request to a site's functions, edge functions or Identity, without anything secret. */
export interface RequestEntry {
  method: string;
  /** Without its query. */
  path: string;
  /** The route of the policy, else the path of the function, with its wildcards. */
  route: string;
  /** The session whose token was sent, or has just been made; unverified. Undefined without one. */
  session: string | undefined;
  /** 0 where the connection broke. */
  status: number;
  /** The code of a refusal. */
  code: string | undefined;
  /** What to do about it. */
  remedy: string | undefined;
}

/** Larger answers are not looked into. */
const maxBytes = 65_536;

/**
 * Describes a request and its answer.
 * @param route the path of the function that took it
 * @param exposeErrors whether refusals get the remedy as a field of their own
 * @param isOfBackend whether the backend behind the gate refused
 * @returns the entry, and the answer to send: what was read of the one given is gone
 */
export async function describeRequest(
  request: Request,
  response: Response,
  {
    route,
    policy,
    exposeErrors,
    isOfBackend,
  }: { route: string; policy: SitePolicy; exposeErrors: boolean; isOfBackend: boolean },
): Promise<{ entry: RequestEntry; response: Response }> {
  const { pathname: path } = new URL(request.url);
  const isRefusal = response.status >= 400;
  const isToken = response.ok && path.endsWith('/session/token');
  const { body, response: answer } =
    isRefusal || isToken ? await readJson(response) : { body: undefined, response };
  const code = isRefusal ? codeOf(body) : undefined;
  const remedy = code === undefined ? undefined : remedyFor(code, isOfBackend);
  const sent = readToken(request.headers.get('authorization')) ?? request.headers.get('x-daypass');
  return {
    entry: {
      method: request.method,
      path,
      route: policyRoute(policy, path) ?? route,
      session: sessionOf(isToken ? (body?.access_token as string) : sent),
      status: response.type === 'error' ? 0 : response.status,
      code,
      remedy,
    },
    response:
      exposeErrors && body && remedy !== undefined
        ? new Response(JSON.stringify({ ...body, remedy }), withoutLength(answer))
        : answer,
  };
}

async function readJson(
  response: Response,
): Promise<{ body: Record<string, unknown> | undefined; response: Response }> {
  const { headers } = response;
  const length = Number(headers.get('content-length') ?? Number.NaN);
  const isJson = /^application\/([\w.-]+\+)?json\b/.test(headers.get('content-type') ?? '');
  if (!isJson || headers.has('content-encoding') || !(length <= maxBytes))
    return { body: undefined, response };
  const text = await response.text();
  return { body: parseObject(text), response: new Response(text, response) };
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** Ours is `code`; in GoTrue's format that is the status, and ours is `error_code`. */
function codeOf(body: Record<string, unknown> | undefined): string | undefined {
  return [body?.code, body?.error_code, body?.error].find((value) => typeof value === 'string') as
    | string
    | undefined;
}

function withoutLength({ status, statusText, headers }: Response): ResponseInit {
  const kept = new Headers(headers);
  kept.delete('content-length');
  return { status, statusText, headers: kept };
}

const readToken = (field: string | null) => /^Bearer +(\S+)$/i.exec(field ?? '')?.[1];

/** The first characters of the `sub` of an access token: enough to tell visitors apart, too few to look one up by. */
function sessionOf(token: string | null | undefined): string | undefined {
  const payload = token?.split('.')[1];
  const { sub } = (payload && parseObject(Buffer.from(payload, 'base64url').toString())) || {};
  return typeof sub === 'string' && sub.startsWith('anon_') ? sub.slice(0, 'anon_'.length + 6) : undefined;
}

/** The route of the policy that takes a path: the longest of those that match. */
function policyRoute({ routes }: SitePolicy, pathname: string): string | undefined {
  return routes
    .map(({ path }) => path)
    .filter((path) =>
      matchRoutes({ paths: [path], excludedPaths: [], methods: [] }, { method: '', pathname }),
    )
    .toSorted((one, other) => other.length - one.length)[0];
}
