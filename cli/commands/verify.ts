import { parseDateTime } from '../../src/netlify/environment.ts';
import { definePolicy } from '../../src/policy/define.ts';
import { defaultAudiences } from '../../src/policy/routes.ts';
import type { Policy } from '../../src/policy/types.ts';
import { createKeyRing, createPrivateKeys, type KeyRing, SecretChecks } from '../../src/token/keys.ts';
import { parseToken } from '../../src/token/verify.ts';
import {
  CommandError,
  defineCommand,
  type ExitCode,
  type Options,
  UsageError,
  type Values,
} from '../command.ts';
import { type Io, plainLine, readStdin, style, writeJson } from '../output.ts';
import { configOption, loadPolicy } from '../policy/load.ts';
import {
  audienceOption,
  chooseAudience,
  issuerOption,
  readDeployContext,
  readIssuer,
  readSecrets,
} from '../site.ts';
import { describeClaims, describeHeader, type Finding } from '../verify/claims.ts';
import {
  knownAudience,
  type Site,
  type Verdict,
  verifyEverywhere,
  verifyIdentityToken,
} from '../verify/verdicts.ts';

/** What a token says, and what becomes of it where. */
export interface Inspection {
  readonly kind: 'access_token' | 'identity_token' | 'unreadable';
  readonly header: readonly Finding[];
  readonly claims: readonly Finding[];
  readonly verdicts: readonly Verdict[];
}

/** Reads a token as gate, backend and broker do. Revocations are not seen: only Redis knows them. */
export async function inspectToken(token: string, site: Site): Promise<Inspection> {
  const parsed = parseToken(token);
  if (!parsed) {
    return {
      kind: 'unreadable',
      header: [],
      claims: [],
      verdicts: await verifyEverywhere(token, parsed, site),
    };
  }
  const isIdentity =
    parsed.header.kid === 'nf-ident' || (parsed.payload.iss === undefined && 'email' in parsed.payload);
  return {
    kind: isIdentity ? 'identity_token' : 'access_token',
    header: describeHeader(parsed, site),
    claims: describeClaims(parsed, site),
    verdicts: isIdentity ? verifyIdentityToken(parsed, site) : await verifyEverywhere(token, parsed, site),
  };
}

const options = {
  audience: {
    ...audienceOption,
    description: "The backend's audience. Default: the token's, else the policy's first",
  },
  issuer: {
    ...issuerOption,
    description: "Issuer. Default: the policy's, else the variable URL, else the token's",
  },
  'deploy-context': {
    type: 'string',
    default: 'production',
    placeholder: '<context>',
    description: 'Where gate and broker run',
  },
  accept: {
    type: 'string',
    multiple: true,
    placeholder: '<context>',
    description: 'A deploy context that the backend accepts. Default: production',
  },
  config: configOption,
} as const satisfies Options;

export const verifyCommand = defineCommand({
  name: 'verify',
  summary: 'Read a token claim by claim, and say who would refuse it, and why',
  positionals: '<token or ->',
  options,
  variables: {
    DAYPASS_SECRET: 'Checks the signature, as DAYPASS_SECRET_SECONDARY does; or what the policy names',
    DAYPASS_PRIVATE_SECRET: 'Tells whether the broker began the session',
    DAYPASS_SESSIONS_NOT_BEFORE: 'As the site has it',
    URL: 'Issuer, where neither --issuer nor the policy names one',
  },
  examples: [
    'daypass verify - --env-file .env < token.txt',
    'pbpaste | npx daypass verify - --deploy-context dev --accept dev',
    'printf %s "$TOKEN" | npx daypass verify - --issuer https://your-site.example --audience api --json',
  ],
  async run({ values, positionals, io, isJson }) {
    const token = await readToken(io, positionals[0]);
    const site = await readSite(values, io, parseToken(token)?.payload ?? {});
    const inspection = await inspectToken(token, site);
    if (isJson) writeJson(io, inspection);
    else io.writeOut(formatInspection(inspection, io));
    return exitCodeOf(inspection.verdicts);
  },
});

/** 1 when somebody refuses it; 2 when nobody does, but a secret is missing that would tell. */
function exitCodeOf(verdicts: readonly Verdict[]): ExitCode {
  if (verdicts.some(({ outcome }) => outcome === 'refused')) return 1;
  return verdicts.some(({ outcome }) => outcome === 'unverified') ? 2 : 0;
}

async function readToken(io: Io, argument: string | undefined): Promise<string> {
  if (argument === undefined)
    throw new UsageError(
      'Give the token, or - to read it from standard input, where no list of processes shows it.',
    );
  const text = argument === '-' ? await readStdin(io) : argument;
  const token = text.trim().replace(/^(authorization:\s*)?bearer\s+/i, '');
  if (token === '') throw new UsageError('There is no token on standard input.');
  return token;
}

async function readSite(
  values: Values<typeof options>,
  io: Io,
  claims: Readonly<Record<string, unknown>>,
): Promise<Site> {
  const policy = await readPolicy(values, io);
  const deployContext = readDeployContext('--deploy-context', values['deploy-context']);
  const backendContexts = (values.accept ?? ['production']).map((text) =>
    readDeployContext('--accept', text),
  );
  const keyRings = new Map<string, KeyRing>();
  for (const audience of Object.keys(policy.audiences)) {
    const secrets = readSecrets(io, policy, audience);
    if (secrets) keyRings.set(audience, await createKeyRing({ audience, ...secrets }));
  }
  return {
    policy,
    issuer: readIssuer(io, policy, values.issuer) ?? String(claims.iss ?? ''),
    keyRings,
    privateKeys: await readPrivateKeys(io),
    sessionsNotBefore: readNotBefore(io),
    deployContext,
    backendContexts,
    audience: chooseAudience(policy, values.audience ?? knownAudience(policy, claims.aud)),
    now: Math.floor(io.now() / 1000),
  };
}

/** Where there is no policy at hand, as at a backend, the one secret is of the audience that it is said to be. */
async function readPolicy({ config, audience }: Values<typeof options>, io: Io): Promise<Policy> {
  const { policy, file } = await loadPolicy(io, { config, otherwise: 'default' });
  if (file !== undefined || audience === undefined) return policy;
  return definePolicy({ audiences: { [audience]: defaultAudiences.api } });
}

function readNotBefore({ env }: Io): number | undefined {
  const name = 'DAYPASS_SESSIONS_NOT_BEFORE';
  const text = env[name];
  if (!text) return undefined;
  const seconds = parseDateTime(text);
  if (seconds !== undefined) return seconds;
  throw new CommandError(
    'environment_invalid',
    `${name} must be a time of RFC 3339, such as 2026-11-29T12:00:00Z.`,
  );
}

async function readPrivateKeys({ env }: Io) {
  const secret = env.DAYPASS_PRIVATE_SECRET;
  if (!secret) return undefined;
  const problems: string[] = [];
  const checked = new SecretChecks(problems).required('DAYPASS_PRIVATE_SECRET', secret);
  if (problems.length > 0) throw new CommandError('secret_weak', problems.join('\n'));
  return createPrivateKeys(checked);
}

const kinds = {
  access_token: 'An access token of Daypass',
  identity_token: 'An Identity token',
  unreadable: 'No token that can be read',
} as const;

const marks = { accepted: ['✓', 'green'], refused: ['✗', 'red'], unverified: ['?', 'yellow'] } as const;

function formatInspection({ kind, header, claims, verdicts }: Inspection, io: Io): string {
  const section = (title: string, findings: readonly Finding[]) =>
    findings.length === 0 ? [] : ['', style(io, 'bold', title), ...formatFindings(findings, io)];
  const places = verdicts.map(({ place, outcome, code, why }) => {
    const [mark, colour] = marks[outcome];
    return `  ${style(io, colour, mark)} ${place.padEnd(8)} ${outcome}${code ? ` (${code})` : ''}: ${plainLine(why)}`;
  });
  return [
    style(io, 'bold', kinds[kind]),
    ...section('Header', header),
    ...section('Claims', claims),
    '',
    style(io, 'bold', 'Where'),
    ...places,
    ...(kind === 'access_token' ? ['', 'Whether its session was revoked, only Redis knows.'] : []),
    '',
  ].join('\n');
}

function formatFindings(findings: readonly Finding[], io: Io): string[] {
  const shown = findings.map(({ name, value, words }) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    return [plainLine(name), plainLine(text.slice(0, 200)), plainLine(words)] as const;
  });
  const width = Math.max(...shown.map(([name]) => name.length));
  return shown.map(([name, text, words]) => {
    const note = words === '' ? '' : `  ${style(io, 'dim', words)}`;
    return `  ${name.padEnd(width)}  ${text}${note}`;
  });
}
