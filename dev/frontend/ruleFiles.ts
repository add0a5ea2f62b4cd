import type { HeaderRule, Redirect } from './rules.ts';

/**
 * Reads a `_redirects` file: in each line `from`, query parameters, `to`, a status with `!` where it is forced, and
 * conditions (docs.netlify.com, "Redirects and rewrites").
 */
export function readRedirectRules(text: string): Redirect[] {
  return linesOf(text).flatMap((line) => {
    const [from = '', ...rest] = line.split(/\s+/);
    const isTarget = (word: string) => word.startsWith('/') || /^https?:\/\//.test(word);
    const at = rest.findIndex(isTarget);
    if (at === -1) return [];
    const [status = '301', ...conditions] = rest.slice(at + 1);
    const query = rest.slice(0, at).map((word) => word.split('=') as [string, string]);
    return [
      {
        from,
        to: rest[at] as string,
        status: Number.parseInt(status, 10) || 301,
        isForced: status.endsWith('!'),
        query: Object.fromEntries(query),
        isConditional: conditions.length > 0,
      },
    ];
  });
}

/** Reads a `_headers` file: a path, and under it, indented, its fields (docs.netlify.com, "Custom headers"). */
export function readHeaderRules(text: string): HeaderRule[] {
  const rules: { path: string; fields: [string, string][] }[] = [];
  for (const line of linesOf(text)) {
    const [, name, value] = /^\s+([^:\s]+):\s*(.*)$/.exec(line) ?? [];
    if (name !== undefined) rules.at(-1)?.fields.push([name, value?.trim() ?? '']);
    else if (/^\S/.test(line)) rules.push({ path: line.trim(), fields: [] });
  }
  return rules;
}

/** Without comments and empty lines. */
function linesOf(text: string): string[] {
  return text.split(/\r?\n/).filter((line) => line.trim() !== '' && !line.trim().startsWith('#'));
}
