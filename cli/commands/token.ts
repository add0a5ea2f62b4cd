import { isScope } from '../../src/protocol/messages.ts';
import type { DeployContext } from '../../src/protocol/wire.ts';
import { mintTestToken } from '../../src/token/mintTestToken.ts';
import { parseToken } from '../../src/token/verify.ts';
import { askConfirm } from '../ask.ts';
import { CommandError, defineCommand, type Options, UsageError, type Values } from '../command.ts';
import { type Io, writeJson } from '../output.ts';
import { configOption, loadPolicy } from '../policy/load.ts';
import {
  audienceOption,
  chooseAudience,
  issuerOption,
  readDeployContext,
  readIssuer,
  readSecrets,
  readWholeNumber,
} from '../site.ts';
import { formatTime } from '../words.ts';

export interface MintRequest {
  readonly secret: string;
  readonly issuer: string;
  readonly audience: string;
  readonly deployContext: DeployContext;
  readonly scopes: readonly string[];
  readonly subject: string | undefined;
  readonly ttlSeconds: number;
  /** How long ago it was minted. */
  readonly ageSeconds: number;
  /** The present, milliseconds since the epoch. */
  readonly now: number;
}

/**
 * Mints an access token as the site would, of a session that no broker began: it can be neither renewed nor revoked.
 * @returns the compact token, and its claims
 */
export async function mintToken(
  request: MintRequest,
): Promise<{ token: string; claims: Readonly<Record<string, unknown>> }> {
  const { secret, issuer, audience, deployContext, now, ...token } = request;
  const site = { secret, issuer, audience, deployContexts: [deployContext], now: () => now };
  const minted = await mintTestToken(site, token);
  return { token: minted, claims: parseToken(minted)?.payload ?? {} };
}

/** What no policy mints is refused everywhere. */
const maxTtlSeconds = 3600;

const options = {
  audience: audienceOption,
  scope: { type: 'string', multiple: true, placeholder: '<scope>', description: 'A scope that it carries' },
  'deploy-context': {
    type: 'string',
    default: 'dev',
    placeholder: '<context>',
    description: 'production, deploy-preview, branch-deploy or dev',
  },
  issuer: issuerOption,
  subject: { type: 'string', placeholder: '<sub>', description: 'Its session. Default: a new one' },
  'ttl-seconds': {
    type: 'string',
    placeholder: '<seconds>',
    description: "Its life. Default: the policy's accessToken.ttlSeconds",
  },
  'age-seconds': {
    type: 'string',
    default: '0',
    placeholder: '<seconds>',
    description: 'How long ago it was minted: more than its life makes one that has expired',
  },
  config: configOption,
  yes: { type: 'boolean', short: 'y', description: 'Do mint one for production' },
} as const satisfies Options;

export const tokenCommand = defineCommand({
  name: 'token',
  summary: 'Mint an access token for a test or CI',
  options,
  variables: {
    DAYPASS_SECRET: 'Signs; where the policy names another variable for the audience, that one',
    URL: 'Issuer, where neither --issuer nor the policy names one',
  },
  examples: [
    'daypass token --issuer http://localhost:8888 --env-file .env',
    'curl -H "Authorization: Bearer $(npx daypass token --env-file .env)" http://localhost:8000/api/hello',
    'daypass token --audience api --scope write --ttl-seconds 60 --env-file .env',
    'daypass token --age-seconds 600 --env-file .env',
  ],
  async run({ values, io, isJson }) {
    const request = await readRequest(values, io);
    const { issuer, audience, deployContext } = request;
    if (deployContext === 'production' && !values.yes) {
      const message = 'A token for production opens your live backend to whoever holds it. Mint it?';
      if (!(await askConfirm(io, { message, flag: '--yes' })))
        throw new CommandError('cancelled', 'Cancelled: nothing was minted.');
    }
    const { token, claims } = await mintToken(request);
    if (isJson) {
      writeJson(io, { token, claims });
      return 0;
    }
    io.writeOut(`${token}\n`);
    const expires = formatTime(Number(claims.exp), Math.floor(request.now / 1000));
    io.writeError(
      `For ${audience} of ${issuer}, deploy context ${deployContext}; expires ${expires}. No broker renews or revokes it.\n`,
    );
    return 0;
  },
});

/** What options, policy and environment say together. */
async function readRequest(values: Values<typeof options>, io: Io): Promise<MintRequest> {
  const { policy, file } = await loadPolicy(io, { config: values.config, otherwise: 'default' });
  // Without a policy at hand, as at a backend, the one secret is of whatever audience it is said to be.
  const entry = file ? chooseAudience(policy, values.audience) : policy.defaultAudience;
  const audience = file ? entry : (values.audience ?? entry);
  const deployContext = readDeployContext('--deploy-context', values['deploy-context']);
  const scopes = values.scope ?? [];
  const known = policy.audiences[entry]?.scopes ?? [];
  for (const scope of scopes) {
    if (!isScope(scope)) throw new UsageError(`--scope: ${JSON.stringify(scope)} is not one scope.`);
    if (file && !known.includes(scope)) {
      const there = known.length > 0 ? `there is ${known.join(', ')}` : 'it has none';
      throw new UsageError(`--scope: ${file} gives ${audience} no scope ${scope}; ${there}.`);
    }
  }
  const { subject } = values;
  if (subject !== undefined && !/^anon_[\w-]{22}$/.test(subject))
    throw new UsageError('--subject must be anon_ and 22 characters of base64url: others are refused.');
  const ttlSeconds =
    values['ttl-seconds'] === undefined
      ? policy.accessToken.ttlSeconds
      : readWholeNumber('--ttl-seconds', values['ttl-seconds'], [1, maxTtlSeconds]);
  const ageSeconds = readWholeNumber('--age-seconds', values['age-seconds'], [0, 365 * 86_400]);
  const issuer = readIssuer(io, policy, values.issuer);
  if (issuer === undefined)
    throw new UsageError('Name the issuer that the backend expects: --issuer, or the variable URL.');
  const secrets = readSecrets(io, policy, entry);
  if (!secrets) {
    const name = policy.audiences[entry]?.secretVariable;
    throw new UsageError(
      `${name} is missing: it is read from the environment or --env-file, never from an argument.`,
    );
  }
  const { secret } = secrets;
  return { secret, issuer, audience, deployContext, scopes, subject, ttlSeconds, ageSeconds, now: io.now() };
}
