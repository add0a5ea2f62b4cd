import type { Context } from 'hono';
import { accepts } from 'hono/accepts';
import { html } from 'hono/html';
import type { StatusCheck, StatusResponse } from '../protocol/messages.ts';

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
 * Answers `GET /session/status`: a page when the request prefers `text/html`, as a browser's address bar does, else JSON
 * (RFC 9110 §12.5.1).
 * @example
 * app.get(statusPath, async (c) => statusAnswer(c, await checkStatus(broker)));
 */
export function statusAnswer(c: Context, status: StatusResponse): Response | Promise<Response> {
  const supports = ['application/json', 'text/html'];
  const type = accepts(c, { header: 'Accept', supports, default: 'application/json' });
  c.header('vary', 'Accept', { append: true });
  c.header('cache-control', 'no-store');
  if (type !== 'text/html') return c.json(status);
  c.header('content-security-policy', contentSecurityPolicy);
  c.header('x-content-type-options', 'nosniff');
  return c.html(statusPage(status));
}

/** The template escapes what it is given: remedies may quote what Identity or the environment said. */
function statusPage({ ok, checks, warnings }: StatusResponse) {
  const title = ok ? 'Daypass is set up' : 'Daypass is not set up yet';
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${title}</title>
</head>
<body>
<h1>${title}</h1>
<table>
<caption>What an exchange needs, as of now</caption>
<thead><tr><th scope="col">Part</th><th scope="col">State</th><th scope="col">What to do</th></tr></thead>
<tbody>
${checks.map(checkRow)}</tbody>
</table>
${warnings.length > 0 && html`<h2>Good to know</h2><ul>${warnings.map((warning) => html`<li>${warning}</li>`)}</ul>`}
<p>Programs get this as JSON.</p>
</body>
</html>
`;
}

function checkRow({ name, ok, remedy = '' }: StatusCheck) {
  const lines = remedy.split('\n').map((line) => html`<p>${line}</p>`);
  return html`<tr><th scope="row">${labels[name]}</th><td>${ok ? 'OK' : 'At fault'}</td><td>${ok ? '' : lines}</td></tr>
`;
}
