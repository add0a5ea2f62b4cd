import { accessTokenType } from '../../src/protocol/messages.ts';
import { deployContexts } from '../../src/protocol/wire.ts';

// Of what broker and gate answer; `src/protocol/messages.ts` has the types. Closed, so that a field that is missing here is
// noticed when an answer of a run is checked.

type Schema = Record<string, unknown>;

function object(properties: Record<string, Schema>, optional: string[] = []): Schema {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return {
    type: 'object',
    properties,
    ...(required.length > 0 && { required }),
    additionalProperties: false,
  };
}

const text = { type: 'string' };
const count = { type: 'integer', minimum: 0 };
const seconds = { type: 'integer', minimum: 0, description: 'Seconds.' };
const time = { type: 'integer', minimum: 0, description: 'Seconds since the epoch.' };
const url = { type: 'string', format: 'uri' };
const texts = { type: 'array', items: text };
const code = { $ref: '#/components/schemas/ErrorCode' };

export const responses: Record<string, Schema> = {
  Problem: {
    description: 'A refusal (RFC 9457).',
    ...object({
      type: { ...url, description: 'The entry of the code in the documents.' },
      title: text,
      status: { type: 'integer', minimum: 400, maximum: 599 },
      detail: text,
      code,
    }),
  },
  TokenError: {
    description: 'A refusal of the token endpoint (RFC 6749 §5.2).',
    ...object({
      error: {
        enum: [
          'invalid_request',
          'invalid_scope',
          'invalid_target',
          'invalid_token',
          'server_error',
          'temporarily_unavailable',
          'unsupported_grant_type',
        ],
      },
      error_description: { type: 'string', pattern: '^[\\x20-\\x21\\x23-\\x5B\\x5D-\\x7E]+$' },
      error_uri: url,
      code,
    }),
  },
  TokenResponse: object({
    access_token: { type: 'string', maxLength: 4096 },
    issued_token_type: { const: accessTokenType },
    token_type: { const: 'Bearer' },
    expires_in: {
      type: 'integer',
      minimum: 1,
      maximum: 3600,
      description: 'Seconds until the access token expires.',
    },
    scope: { type: 'string', description: 'Separated by spaces; empty when there is none.' },
    session_expires_in: {
      ...seconds,
      description: 'Seconds until the session ends and only a new exchange helps.',
    },
  }),
  Introspection: {
    oneOf: [
      object({
        active: { const: true },
        scope: text,
        token_type: { const: 'Bearer' },
        iss: url,
        sub: { type: 'string', pattern: '^anon_[\\w-]{22}$' },
        aud: text,
        iat: time,
        exp: time,
        jti: text,
        auth_time: time,
        deploy_context: { enum: [...deployContexts] },
      }),
      object({ active: { const: false } }),
    ],
  },
  Challenge: {
    oneOf: [
      object({ proof: { const: 'none' } }),
      object({
        proof: { const: 'proof-of-work' },
        challenge: {
          description: "ALTCHA's, version 2; the proof is base64 of the JSON of `{ challenge, solution }`.",
          ...object({
            parameters: object(
              {
                algorithm: text,
                nonce: text,
                salt: text,
                cost: count,
                keyLength: count,
                keyPrefix: text,
                keySignature: text,
                expiresAt: time,
              },
              ['keySignature', 'expiresAt'],
            ),
            signature: text,
          }),
        },
        max_tries: count,
        expires_in: seconds,
      }),
      object({ proof: { const: 'turnstile' }, site_key: text }),
    ],
  },
  Metadata: object(
    {
      issuer: url,
      token_endpoint: url,
      revocation_endpoint: url,
      introspection_endpoint: url,
      grant_types_supported: texts,
      response_types_supported: { type: 'array', maxItems: 0 },
      scopes_supported: texts,
      token_endpoint_auth_methods_supported: texts,
      revocation_endpoint_auth_methods_supported: texts,
      introspection_endpoint_auth_methods_supported: texts,
      daypass_admission: {
        type: 'object',
        description: 'Which proof a sign-up needs, and how hard it is now.',
        properties: { proof: { enum: ['none', 'proof-of-work', 'turnstile'] }, challenge_endpoint: url },
        required: ['proof', 'challenge_endpoint'],
      },
    },
    ['scopes_supported', 'daypass_admission'],
  ),
  Status: object(
    {
      ok: { type: 'boolean' },
      checks: {
        type: 'array',
        items: object(
          {
            name: {
              enum: [
                'policy',
                'secrets',
                'identity',
                'operator_token',
                'audience',
                'identity_jwt_secret',
                'email',
                'registration',
                'autoconfirm',
                'redis',
                'upstream',
              ],
            },
            ok: { type: 'boolean' },
            cause: { type: 'string', description: 'What is wrong, by a stable id.' },
            what: text,
            remedy: text,
          },
          ['cause', 'what', 'remedy'],
        ),
      },
      warnings: texts,
      time: { ...time, description: 'The clock of the site: seconds since the epoch.' },
    },
    ['time'],
  ),
  Sweep: object(
    {
      seen: count,
      deleted: count,
      gone: count,
      kept: count,
      failed: count,
      unread: count,
      done: { type: 'boolean' },
      cursor: { type: 'string', description: 'Where the next call goes on; absent when done.' },
      note: text,
    },
    ['cursor'],
  ),
  Stats: object({
    mode: { enum: ['enforce', 'monitor'] },
    counts: {
      type: 'array',
      items: object(
        {
          day: { type: 'string', format: 'date' },
          event: {
            enum: [
              'passed',
              'refused',
              'would_refuse',
              'revocation_unchecked',
              'circuit_opened',
              'circuit_closed',
              'store_refusing',
              'store_accepting',
              'ceiling_near',
              'ceiling_reached',
            ],
          },
          code,
          route: { type: 'string', description: "The route's `path` in the policy." },
          count,
        },
        ['code', 'route'],
      ),
    },
  }),
};
