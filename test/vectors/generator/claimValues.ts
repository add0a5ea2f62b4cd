import { goodClaims, withClaims } from './craft.ts';
import { issuer } from './setting.ts';
import { accepted, refused, type Setting, type Vector } from './vector.ts';

const exact = 'RFC 7519 §2: a StringOrURI is compared case-sensitively and without any transformation.';
const shape =
  'Policy, after RFC 8725 §3.8: sub is anon_ and 22 characters of base64url, so that no subject of another kind passes.';
const contexts = 'Policy: deploy_context is among the accepted ones, production alone unless told otherwise.';
const random = goodClaims.sub.slice('anon_'.length);

const issuers: [string, string][] = [
  ['with a slash', `${issuer}/`],
  ['in upper case', issuer.toUpperCase()],
  ['with its host in upper case', 'https://SITE.example'],
  ['with its port', `${issuer}:443`],
  ['by http', issuer.replace('https', 'http')],
  ['without its scheme', 'site.example'],
  ['with a path', `${issuer}/session`],
  ['with a space', `${issuer} `],
  ['with a NUL', `${issuer}\u0000`],
  ['of another site', 'https://other.example'],
  ['that starts like ours', `${issuer}.attacker.example`],
  ['that ends like ours', 'https://attacker.example/https://site.example'],
  ['of a deploy preview', 'https://deploy-preview-1--site.example'],
  ['with a letter of another script', 'https://sіte.example'],
  ['empty', ''],
];

const audiences: [string, string][] = [
  ['another', 'admin'],
  ['in upper case', 'API'],
  ['with a space', 'api '],
  ['that starts like ours', 'api2'],
  ['a part of ours', 'ap'],
  ['two in one string', 'api admin'],
  ['a pattern', '*'],
  ['a list written as a string', '["api"]'],
  ['empty', ''],
];

const audienceLists: [string, unknown][] = [
  ['ours and another', ['api', 'admin']],
  ['another and ours', ['admin', 'api']],
  ['another alone', ['admin']],
  ['ours twice', ['api', 'api']],
  ['ours in a list in a list', [['api']]],
  ['ours and null', ['api', null]],
  ['ours as a name', { api: true }],
];

const subjects: [string, string][] = [
  ['of a member', '20675436-07be-4d28-b3aa-7fe0e7c2ddb1'],
  ['an e-mail', 'visitor@visitor.invalid'],
  ['empty', ''],
  ['without its prefix', random],
  ['the prefix alone', 'anon_'],
  ['21 characters', `anon_${random.slice(1)}`],
  ['23 characters', `anon_${random}A`],
  ['the prefix in upper case', `ANON_${random}`],
  ['the prefix twice', `anon_anon_${random}`],
  ['another prefix', `user_${random}`],
  ['a hyphen in the prefix', `anon-${random}`],
  ['a space before it', ` anon_${random}`],
  ['a line break behind it', `anon_${random}\n`],
  ['a line before it', `x\nanon_${random}`],
  ['a line behind it', `anon_${random}\nx`],
  ['a NUL behind it', `anon_${random}\u0000`],
  ['plain base64', `anon_+${random.slice(1)}`],
  ['padding', `anon_${random.slice(1)}=`],
  ['a dot', `anon_.${random.slice(1)}`],
  ['a digit of another script', `anon_${random.slice(1)}\u0663`],
  ['a letter beyond ASCII', `anon_${random.slice(1)}é`],
];

const sids: [string, unknown][] = [
  ['as the broker writes it', 'kQ3Zt8vW1xYb5cDe7fGh9A'],
  ['of another session', 'AAAAAAAAAAAAAAAAAAAAAA'],
  ['empty', ''],
  ['a number', 1],
  ['null', null],
  ['a list', ['kQ3Zt8vW1xYb5cDe7fGh9A']],
];

const accepting: [string, Partial<Setting>, string][] = [
  [
    'a preview where previews are accepted',
    { deployContexts: ['production', 'deploy-preview'] },
    'deploy-preview',
  ],
  [
    'production where previews are accepted too',
    { deployContexts: ['deploy-preview', 'production'] },
    'production',
  ],
  ['dev where dev alone is accepted', { deployContexts: ['dev'] }, 'dev'],
  [
    'a branch where all are accepted',
    { deployContexts: ['production', 'deploy-preview', 'branch-deploy', 'dev'] },
    'branch-deploy',
  ],
];

const refusing: [string, Partial<Setting>, string][] = [
  ['a preview', {}, 'deploy-preview'],
  ['a branch', {}, 'branch-deploy'],
  ['dev', {}, 'dev'],
  ['production where dev alone is accepted', { deployContexts: ['dev'] }, 'production'],
  ['unknown', { deployContexts: ['production', 'deploy-preview', 'branch-deploy', 'dev'] }, 'staging'],
  ['in upper case', {}, 'PRODUCTION'],
  ['with a space', {}, 'production '],
  ['that starts like ours', {}, 'prod'],
  ['two in one string', {}, 'production,dev'],
  ['empty', {}, ''],
];

export const claimValues: Vector[] = [
  accepted(
    'iss: another site, where it is expected',
    exact,
    withClaims({ iss: 'http://localhost:8888', deploy_context: 'dev' }),
    {
      issuer: 'http://localhost:8888',
      deployContexts: ['production', 'dev'],
    },
  ),
  ...issuers.map(([name, iss]) =>
    refused('token_issuer', `iss: ${name}`, `${exact} RFC 8725 §3.8.`, withClaims({ iss })),
  ),
  accepted('aud: another, where it is expected', exact, withClaims({ aud: 'reports-v2' }), {
    audience: 'reports-v2',
  }),
  ...audiences.map(([name, aud]) =>
    refused(
      'token_audience',
      `aud: ${name}`,
      `${exact} RFC 7519 §4.1.3, RFC 8725 §3.9.`,
      withClaims({ aud }),
    ),
  ),
  ...audienceLists.map(([name, aud]) =>
    refused(
      'token_claims',
      `aud: ${Array.isArray(aud) ? 'a list, ' : ''}${name}`,
      'Policy: aud is one string, never a list (RFC 7519 §4.1.3 would allow one): a key belongs to one audience.',
      withClaims({ aud }),
    ),
  ),
  accepted('sub: hyphens and underscores', shape, withClaims({ sub: 'anon_-_-_-_-_-_-_-_-_-_-_-_' })),
  ...subjects.map(([name, sub]) => refused('token_subject', `sub: ${name}`, shape, withClaims({ sub }))),
  accepted('scope: two', 'RFC 8693 §4.2: names separated by spaces.', withClaims({ scope: 'read write' })),
  ...accepting.map(([name, setting, context]) =>
    accepted(`deploy_context: ${name}`, contexts, withClaims({ deploy_context: context }), setting),
  ),
  ...refusing.map(([name, setting, context]) =>
    refused(
      'token_deploy_context',
      `deploy_context: ${name}`,
      contexts,
      withClaims({ deploy_context: context }),
      setting,
    ),
  ),
  ...sids.map(([name, sid]) =>
    accepted(
      `sid: ${name}`,
      'Policy: only the broker can judge sid, by a key that never leaves the site; verifiers ignore it (RFC 7519 §4).',
      withClaims({ sid }),
    ),
  ),
  accepted(
    'claims: of others',
    'RFC 7519 §4: claims that are not understood are ignored.',
    withClaims({ cnf: { jkt: 'x' }, roles: ['admin'], email: null }),
  ),
];
