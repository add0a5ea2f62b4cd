import { type Io, style } from '../output.ts';
import type { Diagnosis } from './diagnose.ts';
import type { Finding, Severity } from './findings.ts';

const labels = { broken: 'red', weak: 'yellow', note: 'cyan' } as const satisfies Record<Severity, string>;

/** A diagnosis for people: the worst first, and what is fine in one line. */
export function formatDiagnosis(diagnosis: Diagnosis, io: Pick<Io, 'hasColours'>): string {
  const { url, findings, checks, warnings, tokens, leftovers } = diagnosis;
  const sorted = (['broken', 'weak', 'note'] as const).flatMap((severity) =>
    findings.filter((each) => each.severity === severity),
  );
  const skipped = checks.filter(({ outcome }) => outcome === 'skipped');
  return [
    ...sorted.flatMap((each) => [...formatFinding(each, io), '']),
    ...section('Good to know', warnings),
    ...section(
      'Not looked at, for want of what comes before',
      skipped.map(({ title }) => title),
    ),
    ...section(
      'Left behind, since doctor may not delete it: remove it in the dashboard, or leave it to the sweep',
      leftovers,
    ),
    ...section(
      'Tokens of the site',
      Object.entries({
        issuer: tokens.issuer,
        audience: tokens.audience,
        'key id': tokens.keyId,
        'deploy context': tokens.deployContext,
      }).flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}`])),
    ),
    `${url}: ${summarize(findings, checks.filter(({ outcome }) => outcome === 'passed').length)}`,
    '',
  ].join('\n');
}

function formatFinding(
  { id, severity, what, detail, why, remedy, docs }: Finding,
  io: Pick<Io, 'hasColours'>,
) {
  const [first = '', ...more] = remedy.split('\n');
  return [
    `${style(io, labels[severity], severity)}: ${what} (${id})`,
    ...(detail === undefined ? [] : [`  Seen: ${detail}`]),
    `  Why it matters: ${why}`,
    `  Fix: ${first}`,
    ...more.map((line) => `    ${line}`),
    `  ${docs}`,
  ];
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [`${title}:`, ...lines.map((line) => `  ${line}`), ''];
}

function summarize(findings: readonly Finding[], passed: number): string {
  const count = (severity: Severity) => findings.filter((each) => each.severity === severity).length;
  const parts = (['broken', 'weak', 'note'] as const).flatMap((severity) => {
    const number = count(severity);
    if (number === 0) return [];
    return [severity === 'note' ? `${number} to note` : `${number} ${severity}`];
  });
  return parts.length === 0 ? `all ${passed} checks are fine.` : `${parts.join(', ')}.`;
}
