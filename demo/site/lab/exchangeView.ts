import { make } from '../dom.ts';
import { textOf } from '../net/exchange.ts';
import { milliseconds } from '../words/duration.ts';
import { shortenTokens } from '../words/shorten.ts';
import type { Shown } from './attack.ts';

/** Fields of an answer that say how it was refused, or what is left. */
const fields = ['WWW-Authenticate', 'Retry-After', 'RateLimit'];
/** Members of a body that say what was decided; the others are left out. */
const members = ['code', 'error', 'detail', 'error_description', 'msg', 'message', 'email', 'access_token'];

/** One exchange of an attack: what went out beside what came back. */
export function exchangeView(shown: Shown): HTMLElement {
  const times =
    shown.times === undefined || shown.times === 1 ? '' : `${shown.times} times, the last of them:\n`;
  return make(
    'div',
    { class: 'exchange', 'data-testid': 'exchange' },
    make(
      'div',
      {},
      make('p', { class: 'side' }, 'Request'),
      make('pre', { 'data-testid': 'sent' }, times + requestText(shown)),
    ),
    make(
      'div',
      {},
      make('p', { class: 'side' }, 'Answer'),
      make('pre', { 'data-testid': 'answered' }, answerText(shown)),
    ),
  );
}

export function requestText({ request }: Pick<Shown, 'request'>): string {
  const lines = [`${request.method} ${request.path}`];
  for (const [name, value] of Object.entries(request.headers)) lines.push(`${name}: ${value}`);
  if (request.form)
    lines.push('', ...Object.entries(request.form).map(([name, value]) => `${name}=${value}`));
  return shortenTokens(lines.join('\n'));
}

export function answerText({ answer }: Pick<Shown, 'answer'>): string {
  if (answer.status === 0) return 'No answer came.';
  const lines = [`${statusLine(answer.status)}, ${milliseconds(answer.milliseconds)}`];
  for (const field of fields) {
    const value = answer.headers.get(field);
    if (value !== null) lines.push(`${field}: ${value}`);
  }
  const said = members.flatMap((member) => {
    const value = textOf(answer.body, member);
    return value === undefined ? [] : [`${member}: ${value}`];
  });
  if (said.length > 0) lines.push('', ...said);
  return shortenTokens(lines.join('\n'));
}

/** RFC 9110 §15: HTTP/2 has no phrases of its own, so the page brings them. */
const phrases: Readonly<Record<number, string>> = {
  200: 'OK',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
};

function statusLine(status: number): string {
  const phrase = phrases[status];
  return phrase === undefined ? String(status) : `${status} ${phrase}`;
}
