import { maintenanceBearer } from '../src/token/keys.ts';
import { CommandError, UsageError } from './command.ts';
import { type Io, sleep } from './output.ts';
import { isConfidential } from './site.ts';

/** How long an answer may take. A sweep's takes nine seconds. */
const timeoutMilliseconds = 30_000;

/** How often a call is sent again that was to be sent again. */
const maxRetries = 5;
const maxRetrySeconds = 120;

/** Calls the broker of a site as its owner. */
export interface Owner {
  /** An origin. */
  readonly site: string;
  /**
   * @param path such as `/session/stats`
   * @param form makes it a POST
   * @throws {CommandError} `site_unreachable`, `site_redirects`, `no_broker`, or the code of the broker's refusal
   */
  call<Answer>(path: string, form?: URLSearchParams): Promise<Answer>;
}

/** What commands of the owner read. */
export const ownerVariables = {
  DAYPASS_MAINTENANCE_BEARER: 'The bearer, as secret --maintenance prints it',
  DAYPASS_PRIVATE_SECRET: 'In its place: the bearer is derived from it',
  URL: 'The site, where the command line names none',
} as const;

/**
 * @param url of the site, as on the command line; without it, the variable `URL`
 * @throws {UsageError} there is no URL, or no secret
 */
export async function openOwner(io: Io, url: string | undefined): Promise<Owner> {
  const site = readSite(io, url);
  const bearer = await readBearer(io);
  return { site, call: (path, form) => callAgain(io, { site, path, bearer, form }) };
}

function readSite({ env }: Io, given: string | undefined): string {
  const text = given ?? env.URL;
  if (!text)
    throw new UsageError('Name the site, such as https://your-site.example, or set the variable URL.');
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && isConfidential(url.href)) return url.origin;
  throw new UsageError(
    `${text} is no https URL. The bearer is sent there, so plain http is only for this machine.`,
  );
}

async function readBearer({ env }: Io): Promise<string> {
  if (env.DAYPASS_MAINTENANCE_BEARER) return env.DAYPASS_MAINTENANCE_BEARER.trim();
  if (env.DAYPASS_PRIVATE_SECRET) return maintenanceBearer(env.DAYPASS_PRIVATE_SECRET);
  throw new UsageError(
    'Set DAYPASS_MAINTENANCE_BEARER, or DAYPASS_PRIVATE_SECRET, from which it is derived: in the environment or by --env-file.',
  );
}

interface Call {
  readonly site: string;
  readonly path: string;
  readonly bearer: string;
  readonly form: URLSearchParams | undefined;
}

/** Waits as long as a refusal asks, and calls again. */
async function callAgain<Answer>(io: Io, call: Call): Promise<Answer> {
  for (let tries = 1; ; tries += 1) {
    const response = await send(io, call);
    if (response.ok) return readAnswer<Answer>(response, call);
    const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
    const mayWait = [429, 503].includes(response.status) && seconds >= 0 && seconds <= maxRetrySeconds;
    if (!mayWait || tries > maxRetries) throw await readRefusal(response, call);
    await response.body?.cancel();
    await sleep(io, Math.max(1, seconds) * 1000);
  }
}

async function send(io: Io, { site, path, bearer, form }: Call): Promise<Response> {
  const headers = { authorization: `Bearer ${bearer}`, accept: 'application/json' };
  const signal = AbortSignal.timeout(timeoutMilliseconds);
  try {
    // A redirect would take the bearer along to another place of the same origin, or lose it on the way to another.
    const init = { headers, redirect: 'manual', signal } as const;
    return await io.fetch(site + path, form ? { ...init, method: 'POST', body: form } : init);
  } catch (error) {
    const { cause, message } = error as Error & { cause?: { message?: string } };
    throw new CommandError('site_unreachable', `${site} does not answer: ${cause?.message ?? message}.`);
  }
}

async function readAnswer<Answer>(response: Response, { site, path }: Call): Promise<Answer> {
  try {
    return (await response.json()) as Answer;
  } catch {
    throw new CommandError(
      'no_broker',
      `${site}${path} answers, but not as Daypass does: is its broker deployed?`,
    );
  }
}

async function readRefusal(response: Response, { site, path }: Call): Promise<CommandError> {
  const { status } = response;
  if (status >= 300 && status < 400) {
    const to = response.headers.get('location');
    return new CommandError(
      'site_redirects',
      `${site} redirects${to ? ` to ${to}` : ''}: name the site by its primary URL.`,
    );
  }
  const problem = (await response.json().catch(() => ({}))) as { code?: unknown; detail?: unknown };
  const { code, detail } = problem;
  if (typeof code !== 'string')
    return new CommandError(
      'no_broker',
      `${site}${path} answers ${status}, and not as Daypass does: is its broker deployed?`,
    );
  if (code === 'maintenance_bearer') {
    const remedy = 'Take DAYPASS_PRIVATE_SECRET as the site has it in this deploy context.';
    return new CommandError(code, `The site has another maintenance bearer. ${remedy}`);
  }
  return new CommandError(
    code,
    `${typeof detail === 'string' ? detail : `${site} refuses.`} (${status} ${code})`,
  );
}
