import { type Context, Hono } from 'hono';
import { statusOfProblems } from '../broker/status.ts';
import type { StatusCheck, StatusResponse } from '../protocol/causes.ts';
import { DaypassError } from '../protocol/error.ts';
import type { Log } from '../protocol/log.ts';
import { statusPath, tokenPath } from '../protocol/wire.ts';
import { type CallerEnv, identifyRequest } from './context.ts';
import { problemResponse, tokenErrorResponse } from './problem.ts';

const labels: Readonly<Record<StatusCheck['name'], string>> = {
  policy: 'Policy',
  secrets: 'Secrets',
  identity: 'Netlify Identity',
  operator_token: 'Operator token of Identity',
  audience: 'Audience of Identity',
  identity_jwt_secret: 'Key of Identity’s tokens',
  email: 'Sign-up with e-mail',
  registration: 'Open registration',
  autoconfirm: 'Autoconfirm',
  redis: 'Redis',
  upstream: 'Backend',
};

/** The page holds no script, style or image, so the strictest policy lets all of it through. */
const contentSecurityPolicy =
  "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/**
 * Answers `GET /session/status`: a page when the request prefers `text/html`, as a browser's address bar does, else JSON.
 * @example
 * app.get(statusPath, async (c) => statusAnswer(c, await checkStatus(broker)));
 */
export function statusAnswer(c: Context, status: StatusResponse): Response | Promise<Response> {
  const accept = c.req.header('accept') ?? '';
  c.header('vary', 'Accept', { append: true });
  c.header('cache-control', 'no-store');
  if (weightOf('text/html', accept) <= weightOf('application/json', accept)) return c.json(status);
  c.header('content-security-policy', contentSecurityPolicy);
  c.header('x-content-type-options', 'nosniff');
  return c.html(statusPage(status));
}

/** How much an `Accept` field wants a type that it names (RFC 9110 §12.5.1); 0 for one that it does not name. */
function weightOf(type: string, accept: string): number {
  const range = accept.split(',').find((item) => item.split(';')[0]?.trim().toLowerCase() === type);
  return range === undefined ? 0 : Number(/;\s*q=([\d.]+)/i.exec(range)?.[1] ?? 1);
}

function statusPage({ ok, checks, warnings }: StatusResponse): string {
  const title = ok ? 'Daypass is set up' : 'Daypass is not set up yet';
  const faults = checks
    .filter((check) => !check.ok)
    .map(({ name, what = '', remedy = '' }) => {
      const lines = [what, ...remedy.split('\n')].map((line) => `<dd>${escapeHtml(line)}</dd>`);
      return `<dt><strong>${labels[name]}</strong></dt>${lines.join('')}`;
    });
  const works = checks.filter((check) => check.ok).map(({ name }) => labels[name]);
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${title}</title>
<h1>${title}</h1>
${ok ? '' : `<h2>To fix</h2><dl>${faults.join('')}</dl>`}
${section('Works', works)}
${section('Good to know', warnings)}
<p>Programs get this as JSON.</p>
</html>
`;
}

function section(title: string, items: readonly string[]): string {
  const list = items.map((item) => `<li>${escapeHtml(item)}</li>`).join('');
  return list && `<h2>${title}</h2><ul>${list}</ul>`;
}

/** Remedies may quote what Identity or the environment said. */
function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/**
 * Stands in for broker or gate while policy or environment is at fault: refuses everything, and says under
 * `/session/status` which variables to fix. Problems name variables, never values.
 */
export function createUnconfiguredApp(
  problems: readonly string[],
  log: Log,
  part: 'secrets' | 'policy' = 'secrets',
): Hono<CallerEnv> {
  for (const problem of problems) log('not_configured', { problem });
  const app = new Hono<CallerEnv>();
  app.use(identifyRequest);
  app.get(statusPath, (c) => statusAnswer(c, statusOfProblems(problems, part)));
  app.all(tokenPath, () => tokenErrorResponse(new DaypassError('not_configured'), 'form'));
  app.all('*', () => problemResponse(new DaypassError('not_configured')));
  return app;
}
