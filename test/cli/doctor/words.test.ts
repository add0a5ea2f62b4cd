import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { type FindingId, findings } from '../../../cli/doctor/findings.ts';
import { SessionError, type SessionErrorCode } from '../../../client/errors.ts';
import { type CauseId, causes } from '../../../src/protocol/causes.ts';
import { codeRow, codes, type ErrorCode } from '../../../src/protocol/codes.ts';
import { createVerifier } from '../../../src/token/createVerifier.ts';
import { describeWith } from '../../support/optional.ts';
import { goodClaims, goodHeader, issuer, secret, sign } from '../../support/tokens.ts';

// One cause, the same words: at /session/status, in the error of a page, in the log of a backend and by doctor.

const withoutEnd = (text: string) => text.replace(/\.$/, '');

test.each(Object.keys(causes) as CauseId[])('doctor says of %s what the status says', (id) => {
  const { what, remedy } = findings[id];
  expect({ what, remedy }).toEqual(causes[id]);
});

test.each<[CauseId, SessionErrorCode]>([
  ['registration_closed', 'registration_closed'],
  ['autoconfirm_off', 'autoconfirm_off'],
  ['identity_not_found', 'identity_not_found'],
  ['broker_not_found', 'broker_not_found'],
])('the error of a page that meets %s names the same remedy', (cause, code) => {
  const [first = ''] = causes[cause].remedy.split(/(?<=\.) /);
  expect(new SessionError('', { code }).remedy).toContain(withoutEnd(first));
});

test.each<[CauseId, ErrorCode]>([
  ['identity_not_found', 'identity_unavailable'],
  ['operator_token_refused', 'operator_token_refused'],
  ['redis_unreachable', 'store_unavailable'],
  ['upstream_unreachable', 'upstream_unreachable'],
])('%s is what the broker or the gate refuses with %s for, in the same words', (cause, code) => {
  expect(causes[cause].what).toContain(withoutEnd(codes[code].description));
});

test("doctor says of a secret that differs what the backend's log says", () => {
  expect(findings.backend_secret_differs.what).toBe(codeRow('token_key').reason);
});

const atBackend = {
  token_issuer: 'backend_issuer_differs',
  token_audience: 'backend_audience_differs',
  token_deploy_context: 'backend_deploy_context_refused',
} as const satisfies Partial<Record<ErrorCode, FindingId>>;

test.each([
  ['token_issuer', { iss: 'https://words.example' }],
  ['token_audience', { aud: 'words' }],
  ['token_deploy_context', { deploy_context: 'branch-deploy' }],
] as const)('a Node backend logs %s in the words of doctor', async (code, claims) => {
  const lines: string[] = [];
  const verify = createVerifier({
    secret,
    issuer,
    warn: (line) => lines.push(line),
    now: () => goodClaims.iat * 1000,
  });
  await expect(verify(await sign(goodHeader, { ...goodClaims, ...claims }))).rejects.toMatchObject({
    code,
  });
  expect(lines).toEqual([expect.stringContaining(`(${code}). ${findings[atBackend[code]].what} `)]);
});

describeWith('python3')('Python', () => {
  test('gives every refusal the same reason', async () => {
    const file = join(import.meta.dirname, '../../../python/src/daypass/errors.py');
    const program = 'import json, runpy, sys; print(json.dumps(runpy.run_path(sys.argv[1])["_REASONS"]))';
    const { stdout } = await promisify(execFile)('python3', ['-c', program, file]);
    const reasons = (Object.keys(codes) as ErrorCode[]).flatMap((code) => {
      const { reason } = codeRow(code);
      return reason === undefined ? [] : [[code, reason]];
    });
    expect(JSON.parse(stdout)).toEqual(Object.fromEntries(reasons));
  });
});
