import type { DevEvent, DevSession } from '../../dev/index.ts';
import { type Io, plainLine, style, toPlainJson } from '../output.ts';

/** What people read once everything answers. */
export function formatReady(session: DevSession, io: Pick<Io, 'hasColours'>): string {
  const bold = (text: string) => style(io, 'bold', text);
  const { url, issuer, pages, parts, backends, django } = session;
  return [
    `Daypass is ready: ${bold(url)}`,
    '',
    `  Pages: ${describePages(pages)}`,
    ...parts.map((part) => `  ${part}`),
    '',
    bold('Your backend needs'),
    ...backends.flatMap(({ audience, variable, secret, isMade }) => [
      ...(backends.length > 1 || audience !== 'api' ? [`  audience  ${audience}`] : []),
      `  secret    ${isMade ? secret : `the value of ${variable}, which you have set`}`,
    ]),
    `  issuer    ${issuer}`,
    '  context   dev: accept it where you develop, never in production (Django does so in DEBUG; elsewhere deployContexts: [\'dev\'], in Python deploy_contexts=["dev"])',
    ...(backends.some(({ isMade }) => isMade)
      ? [
          '  Secrets that were made here stay the same; to choose your own, set the variable or put it into .env.',
        ]
      : []),
    ...(django
      ? [
          '',
          bold('Django'),
          ...(django.settings.length > 0 ? ['  In the settings:', ...indent(django.settings)] : []),
          '  In its environment:',
          ...indent(django.environment),
        ]
      : []),
    '',
    'Each request to Identity, a function or the gate is a line: session, request, route, answer, code.',
    '',
  ].join('\n');
}

const indent = (lines: readonly string[]) => lines.map((line) => `    ${line}`);

function describePages(pages: DevSession['pages']): string {
  if (pages.kind === 'folder') return `the files of ${pages.folder}`;
  if (pages.kind === 'target') return pages.target;
  return `${pages.command.join(' ')}, at ${pages.target} behind this address: open the one above`;
}

/**
 * Formats events one after the other, as {@link formatEvent} does. The site's log names the cause of a refusal before the
 * request has its line, or after it: it always stands under that line.
 */
export function createEventFormat(io: Pick<Io, 'hasColours'>): (event: DevEvent) => string {
  let held: { code: string | undefined; text: string } | undefined;
  let latest: string | undefined;
  return (event) => {
    const text = formatEvent(event, io);
    if (event.kind === 'line') {
      const refusal = readRefusal(event.line);
      if (refusal?.cause === undefined || refusal.code === latest) {
        if (refusal?.cause !== undefined) latest = undefined;
        return text;
      }
      const before = held?.text ?? '';
      held = { code: refusal.code, text };
      return before;
    }
    if (event.kind !== 'request') return text;
    latest = event.code;
    if (held === undefined || held.code !== event.code) return text;
    const cause = held.text;
    held = undefined;
    latest = undefined;
    return text + cause;
  };
}

/** What happens, as a line for people; what a command or a function wrote stays as it is. */
export function formatEvent(event: DevEvent, io: Pick<Io, 'hasColours'>): string {
  const dim = (text: string) => style(io, 'dim', text);
  if (event.kind === 'line') return formatLine(event.line, dim);
  if (event.kind === 'notice') return `${style(io, 'yellow', 'note')}: ${event.text}\n`;
  if (event.kind === 'reload') {
    const names = event.files.map((file) => file.replace(/^.*\//, '')).join(', ');
    return event.error === undefined
      ? `${style(io, 'green', 'reloaded')}: ${names}\n`
      : `${style(io, 'red', 'not reloaded')}: ${names}: ${event.error} The functions of before go on.\n`;
  }
  const { status, remedy, ...said } = event;
  // Callers and backends have written these.
  const session = plainLine(said.session ?? '-');
  const path = plainLine(said.path);
  const route = plainLine(said.route);
  const code = plainLine(said.code ?? '');
  const colour = status === 0 || status >= 500 ? 'red' : status >= 400 ? 'yellow' : 'green';
  const answer = style(io, colour, status === 0 ? 'broken off' : String(status));
  const parts = [session.padEnd(11), `${said.method} ${path}`, dim(`[${route}]`), answer, code];
  return `${parts.filter((part) => part !== '').join('  ')}\n${remedy ? `${' '.repeat(13)}${dim(remedy)}\n` : ''}`;
}

/** A refusal has a line of its own: of what the site's log says about it, only the cause is left to say. */
function formatLine(line: string, dim: (text: string) => string): string {
  const refusal = readRefusal(line);
  if (!refusal) return `${line}\n`;
  const { cause } = refusal;
  return cause === undefined ? '' : `${' '.repeat(13)}${dim(`cause: ${plainLine(cause)}`)}\n`;
}

function readRefusal(line: string): { code?: string; cause?: string } | undefined {
  return line.startsWith('{"daypass":"refused"') ? JSON.parse(line) : undefined;
}

/** The same for programs: one JSON value in each line. */
export function toJsonLine(event: DevEvent | ({ kind: 'ready' } & Record<string, unknown>)): string {
  return `${toPlainJson(event)}\n`;
}

/** The JSON line once everything answers. It holds a secret only if this server generated it. */
export function describeReady(session: DevSession): { kind: 'ready' } & Record<string, unknown> {
  const { url, issuer, pages, parts, backends, django } = session;
  return {
    kind: 'ready',
    url,
    issuer,
    pages,
    parts,
    backends: backends.map(({ secret, ...backend }) => ({ ...backend, ...(backend.isMade && { secret }) })),
    ...(django && { django }),
  };
}
