import { codeRow, codes, type ErrorCode } from '../../src/protocol/codes.ts';
import { accessTokenType, jwtTokenType, tokenExchangeGrant } from '../../src/protocol/messages.ts';
import {
  challengePath,
  introspectPath,
  metadataPath,
  revokePath,
  statsPath,
  statusPath,
  sweepPath,
  tokenPath,
} from '../../src/protocol/wire.ts';
import * as schemas from './schemas.ts';

/** JSON of OpenAPI 3.1 (spec.openapis.org/oas/v3.1.1). */
export type Json = Record<string, unknown>;

/** What a run answered: by `METHOD path`, status and a name, the body of the answer. */
export type Examples = Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, unknown>>>>>>;

type RefusalFormat = 'problem' | 'form' | 'bearer';

interface Operation {
  operationId: string;
  summary: string;
  description?: string;
  tag: 'broker' | 'owner' | 'gate';
  security?: Json[];
  parameters?: Json[];
  body?: Json;
  /** The answers that are no refusals, by status. */
  answers: Record<string, Json>;
  /** Each code with which it refuses. */
  refusals: readonly ErrorCode[];
  /** How refusals look: problem+json, or RFC 6749 §5.2 with the status of RFC 8693 (`form`) or RFC 6750 (`bearer`). */
  format?: (code: ErrorCode) => RefusalFormat;
  /** Fields that each answer has besides `Cache-Control` and `X-Request-Id`. */
  headers?: readonly string[];
}

const ref = (kind: string, name: string) => ({ $ref: `#/components/${kind}/${name}` });
const json = (schema: Json, mediaType = 'application/json') => ({ [mediaType]: { schema } });

const ofBodies = ['malformed_request', 'body_too_large', 'request_timeout', 'body_budget_exhausted'] as const;
const ofForms = [...ofBodies, 'unsupported_content_type', 'repeated_parameter', 'missing_parameter'] as const;
const ofAny = ['rate_limited', 'store_unavailable', 'not_configured', 'internal_error'] as const;
const ofBearer = ['token_missing', 'token_repeated', 'token_malformed'] as const;
const ofOwner = [...ofBearer, 'maintenance_bearer', ...ofAny] as const;
const ofIdentityTokens = Object.keys(codes).filter((code) =>
  code.startsWith('subject_token_'),
) as ErrorCode[];
const ofExchange: ErrorCode[] = [
  ...ofIdentityTokens,
  'already_exchanged',
  'not_throwaway',
  'identity_unavailable',
  'operator_token_refused',
  'foreign_origin',
  ...ofAny,
];
/** What a verifier says of an access token; `session_unknown` is the broker's alone. */
export const ofAccessTokens = (Object.keys(codes) as ErrorCode[]).filter(
  (code) => codeRow(code).description === 'The access token was refused.' && code !== 'session_unknown',
);

/** Codes of what this document is not about: sign-ups, which Identity answers, and admin calls of the site's own functions. */
export const codesElsewhere: readonly ErrorCode[] = [
  'members_denied',
  'proof_missing',
  'proof_malformed',
  'proof_expired',
  'proof_refused',
  'proof_used',
  'turnstile_unavailable',
  'audience_refused',
  'identity_refused',
];

const form = (properties: Json, required: string[] = []) => ({
  required: required.length > 0,
  content: {
    'application/x-www-form-urlencoded': {
      schema: { type: 'object', properties, ...(required.length > 0 && { required }) },
    },
  },
});

const originField = {
  name: 'Origin',
  in: 'header',
  description: "Sent by browsers. Refused unless it is the site's own or among the policy's `origins`.",
  schema: { type: 'string', examples: ['https://your-site.example'] },
};

const operations: Record<string, Record<string, Operation>> = {
  [tokenPath]: {
    get: {
      operationId: 'exchangeInShort',
      summary: 'Exchange an Identity token, in the short form',
      description:
        'The same exchange with the Identity token as Bearer and no body. It cannot be set off by a link.',
      tag: 'broker',
      security: [{ identityToken: [] }, { tokenField: [] }],
      parameters: [originField],
      answers: {
        200: {
          description: 'The first access token of a session.',
          content: json(ref('schemas', 'TokenResponse')),
        },
      },
      refusals: [...ofBearer, ...ofExchange],
      format: () => 'bearer',
    },
    post: {
      operationId: 'exchangeOrRenew',
      summary: 'Exchange an Identity token, or renew an access token (RFC 8693)',
      description:
        'With `subject_token_type` `…:jwt`, an Identity token is exchanged once: its throwaway user is deleted. With `…:access_token`, the next access token of the same session is issued. A POST without a body and with a Bearer token is the short form.',
      tag: 'broker',
      security: [{}, { identityToken: [] }, { tokenField: [] }],
      parameters: [originField],
      body: form(
        {
          grant_type: { const: tokenExchangeGrant },
          subject_token: { type: 'string', minLength: 1, maxLength: 4096 },
          subject_token_type: { enum: [jwtTokenType, accessTokenType] },
          audience: {
            type: 'string',
            description: "A name among the policy's `audiences`. Default: its first.",
          },
          scope: {
            type: 'string',
            description: 'Scopes separated by spaces (RFC 6749 §3.3). Default: all that the audience has.',
          },
          requested_token_type: { const: accessTokenType },
        },
        ['grant_type', 'subject_token', 'subject_token_type'],
      ),
      answers: { 200: { description: 'An access token.', content: json(ref('schemas', 'TokenResponse')) } },
      refusals: [
        ...new Set<ErrorCode>([
          ...ofForms,
          'unsupported_grant_type',
          'unsupported_token_type',
          'invalid_target',
          'invalid_scope',
          ...ofExchange,
          ...ofBearer,
          ...ofAccessTokens,
          'session_unknown',
        ]),
      ],
      format: (code) => (code === 'token_missing' ? 'bearer' : 'form'),
    },
  },
  [revokePath]: {
    post: {
      operationId: 'revoke',
      summary: 'End a session (RFC 7009)',
      description:
        'Gate and broker refuse the session from the next request on; verifiers that ask nobody, when its last token expires. A token that is refused is no error (RFC 7009 §2.2).',
      tag: 'broker',
      parameters: [originField],
      body: form({ token: { type: 'string', minLength: 1 }, token_type_hint: { type: 'string' } }, ['token']),
      answers: { 200: { description: 'The session is over, or there was none.' } },
      refusals: [...ofForms, 'foreign_origin', ...ofAny],
    },
  },
  [introspectPath]: {
    post: {
      operationId: 'introspect',
      summary: 'Ask whether an access token is active (RFC 7662)',
      description:
        'For backends that cannot verify a JWT. A backend learns only of tokens for its own audience.',
      tag: 'broker',
      security: [{ introspection: [] }],
      body: form({ token: { type: 'string', minLength: 1 }, token_type_hint: { type: 'string' } }, ['token']),
      answers: {
        200: { description: 'What is known of it.', content: json(ref('schemas', 'Introspection')) },
      },
      refusals: ['invalid_client', ...ofForms, ...ofAny],
    },
  },
  [challengePath]: {
    get: {
      operationId: 'getChallenge',
      summary: 'Get what the proof of a sign-up starts from',
      tag: 'broker',
      parameters: [originField],
      answers: {
        200: { description: 'Which proof a sign-up needs.', content: json(ref('schemas', 'Challenge')) },
      },
      refusals: ['foreign_origin', ...ofAny],
    },
  },
  [metadataPath]: {
    get: {
      operationId: 'getMetadata',
      summary: 'Metadata of the broker (RFC 8414)',
      tag: 'broker',
      answers: { 200: { description: 'Its endpoints.', content: json(ref('schemas', 'Metadata')) } },
      refusals: ['store_unavailable', 'not_configured', 'internal_error'],
    },
  },
  [statusPath]: {
    get: {
      operationId: 'getStatus',
      summary: 'Is everything set up?',
      description:
        'Tries what an exchange needs and names the setting that mends what fails, without any secret. A browser gets a page. Answers also where the site is not configured.',
      tag: 'broker',
      parameters: [
        {
          name: 'Accept',
          in: 'header',
          description: 'A page where `text/html` is preferred, else JSON.',
          schema: { type: 'string' },
        },
      ],
      answers: {
        200: {
          description: 'The checks, whatever they found.',
          content: { ...json(ref('schemas', 'Status')), 'text/html': { schema: { type: 'string' } } },
        },
      },
      refusals: ['rate_limited', 'internal_error'],
    },
  },
  [sweepPath]: {
    post: {
      operationId: 'sweep',
      summary: 'Delete throwaway users that were never exchanged',
      tag: 'owner',
      security: [{ maintenance: [] }, { tokenField: [] }],
      body: form({
        cursor: { type: 'string', description: 'Of the answer before: where to go on.' },
        audience: {
          type: 'array',
          items: { type: 'string' },
          description: "Audiences of Identity's to sweep, once each. Default: the policy's.",
        },
      }),
      answers: { 200: { description: 'What it did.', content: json(ref('schemas', 'Sweep')) } },
      refusals: [
        ...ofOwner,
        ...ofBodies,
        'unsupported_content_type',
        'repeated_parameter',
        'identity_unavailable',
        'operator_token_refused',
        'identity_context_missing',
      ],
    },
  },
  [statsPath]: {
    get: {
      operationId: 'getStats',
      summary: 'What the gate let through and refused, by day',
      tag: 'owner',
      security: [{ maintenance: [] }, { tokenField: [] }],
      answers: { 200: { description: 'The counts.', content: json(ref('schemas', 'Stats')) } },
      refusals: ofOwner,
    },
  },
};

/** The gate's methods; each route of a policy may have fewer. */
const gateMethods = ['get', 'head', 'post', 'put', 'patch', 'delete', 'options'];

/** Stands for the paths of the policy's `routes`. */
export const gatePath = '/api/{path}';

for (const method of gateMethods) {
  operations[gatePath] ??= {};
  operations[gatePath][method] = {
    operationId: `${method}ThroughGate`,
    summary: 'Call the backend',
    description:
      "The paths are those of the policy's `routes`. The call goes on with its body and its fields; the answer is the backend's own.",
    tag: 'gate',
    security: [{ accessToken: [] }, { tokenField: [] }],
    parameters: [
      {
        name: 'path',
        in: 'path',
        required: true,
        description: 'May hold slashes.',
        schema: { type: 'string', minLength: 1 },
      },
      originField,
    ],
    ...(['post', 'put', 'patch'].includes(method) && {
      body: { required: false, content: { '*/*': { schema: {} } } },
    }),
    answers: {
      default: {
        description: "The backend's answer: any status, any content.",
        headers: {
          RateLimit: ref('headers', 'RateLimit'),
          'RateLimit-Policy': ref('headers', 'RateLimit-Policy'),
        },
      },
    },
    refusals: [
      ...ofBearer,
      ...ofAccessTokens.filter((code) => code !== 'token_malformed'),
      'insufficient_scope',
      'foreign_origin',
      'path_refused',
      'not_found',
      'method_not_allowed',
      'upgrade_not_supported',
      'malformed_request',
      'content_too_large',
      'request_timeout',
      'body_budget_exhausted',
      'upstream_unreachable',
      'upstream_invalid_response',
      'upstream_timeout',
      ...ofAny,
    ],
    headers: ['Vary'],
  };
}

/** The status that a caller gets. */
function statusOf(code: ErrorCode, format: RefusalFormat): number {
  const { status, tokenFault } = codeRow(code);
  if (format === 'problem' || !tokenFault) return status;
  return format === 'bearer' ? 401 : 400;
}

/** Each refusal of an operation by its statuses; with a Bearer token, POST answers as GET does. */
export function refusalsOf(operation: Pick<Operation, 'refusals' | 'format'>): Map<number, ErrorCode[]> {
  const byStatus = new Map<number, Set<ErrorCode>>();
  const add = (status: number, code: ErrorCode) =>
    byStatus.set(status, (byStatus.get(status) ?? new Set()).add(code));
  for (const code of operation.refusals) {
    const format = operation.format?.(code) ?? 'problem';
    add(statusOf(code, format), code);
    if (format === 'form') add(statusOf(code, 'bearer'), code);
  }
  return new Map(
    [...byStatus].sort(([one], [other]) => one - other).map(([status, set]) => [status, [...set].sort()]),
  );
}

function refusalHeaders(operation: Operation, status: number, refused: readonly ErrorCode[]): Json {
  const names = ['Cache-Control', 'X-Request-Id', ...(operation.headers ?? [])];
  if (refused.includes('method_not_allowed')) names.push('Allow');
  const isAboutToken = refused.includes('insufficient_scope') || refused.includes('token_repeated');
  if (status === 401 || isAboutToken) names.push('WWW-Authenticate');
  // The gate counts a call before it reads its body.
  const isCounted = operation.tag === 'gate' && [400, 408, 413, 500, 502, 503, 504].includes(status);
  if (status === 429 || isCounted) names.push('RateLimit', 'RateLimit-Policy');
  if (status === 429 || status === 503 || (operation.tag === 'gate' && status > 500))
    names.push('Retry-After');
  return Object.fromEntries(names.map((name) => [name, ref('headers', name)]));
}

function refusalResponse(operation: Operation, status: number, refused: readonly ErrorCode[]): Json {
  const isProblem = operation.format === undefined;
  const shape = ref('schemas', isProblem ? 'Problem' : 'TokenError');
  const schema = { allOf: [shape, { properties: { code: { enum: refused } } }] };
  return {
    description: refused.map((code) => `\`${code}\`: ${codeRow(code).description}`).join('\n\n'),
    headers: refusalHeaders(operation, status, refused),
    content: {
      ...json(schema, isProblem ? 'application/problem+json' : 'application/json'),
      // The backend answers with the same statuses, in words of its own.
      ...(operation.tag === 'gate' && { '*/*': { schema: {} } }),
    },
  };
}

/** Puts the bodies of a run beside the schema that they keep to. */
function withExamples(response: Json, found: Readonly<Record<string, unknown>> | undefined): Json {
  const [mediaType, content] = Object.entries((response.content ?? {}) as Record<string, Json>)[0] ?? [];
  if (!(found && mediaType)) return response;
  const examples = Object.fromEntries(Object.entries(found).map(([name, value]) => [name, { value }]));
  return { ...response, content: { ...(response.content as Json), [mediaType]: { ...content, examples } } };
}

/** The gate refuses alike whatever the method, so its refusals stand once, under these names. */
const gateRefusal = (status: number, method: string) => `Gate${method === 'head' ? 'Head' : ''}${status}`;

/** Without its content, as HEAD is answered (RFC 9110 §9.3.2). */
function withoutContent({ content: _, ...response }: Json): Json {
  return response;
}

function describeOperation(path: string, method: string, operation: Operation, examples: Examples): Json {
  const found = examples[`${method.toUpperCase()} ${path}`] ?? {};
  const always = {
    'X-Request-Id': ref('headers', 'X-Request-Id'),
    'Cache-Control': ref('headers', 'Cache-Control'),
  };
  const answers = Object.entries(operation.answers).map(([status, answer]) => {
    const headers = { ...always, ...(answer.headers as Json) };
    return [status, withExamples({ ...answer, headers }, found[status])];
  });
  const refusals = [...refusalsOf(operation)].map(([status, refused]) => [
    String(status),
    operation.tag === 'gate'
      ? ref('responses', gateRefusal(status, method))
      : withExamples(refusalResponse(operation, status, refused), found[status]),
  ]);
  const { operationId, summary, description, tag, security, parameters, body } = operation;
  return {
    operationId,
    summary,
    ...(description && { description }),
    tags: [tag],
    security: security ?? [],
    ...(parameters && { parameters }),
    ...(body && { requestBody: body }),
    responses: Object.fromEntries([...answers, ...refusals]),
  };
}

function describeGateRefusals(examples: Examples): Json {
  const operation = operations[gatePath]?.get as Operation;
  const found = gateMethods.map((method) => examples[`${method.toUpperCase()} ${gatePath}`] ?? {});
  const described = [...refusalsOf(operation)].map(([status, refused]) => {
    const ofStatus = Object.assign({}, ...found.map((each) => each[status]));
    const isEmpty = Object.keys(ofStatus).length === 0;
    return [
      status,
      withExamples(refusalResponse(operation, status, refused), isEmpty ? undefined : ofStatus),
    ] as const;
  });
  return Object.fromEntries([
    ...described.map(([status, response]) => [gateRefusal(status, 'get'), response]),
    ...described.map(([status, response]) => [gateRefusal(status, 'head'), withoutContent(response)]),
  ]);
}

const header = (description: string, schema: Json = { type: 'string' }) => ({ description, schema });

/** @param examples of a run, see `collectExamples` */
export function buildDocument(version: string, examples: Examples): Json {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Daypass: broker and gate',
      version,
      summary: 'Anonymous-session tokens for public APIs, brokered by Netlify.',
      description:
        "What a Daypass site answers under `/session`, and what its gate adds to the backend behind it. A refusal has a stable `code`; texts may change. HEAD is answered like GET without content where GET is named (not at `/session/token`); another method is 405 `method_not_allowed` with `Allow`, another path 404 `not_found`. Sign-up and log-in are Identity's (GoTrue).",
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: 'https://your-site.example' }],
    tags: [
      { name: 'broker', description: 'Access tokens: exchange, renewal, revocation, introspection.' },
      { name: 'owner', description: 'For the owner of the site, with the maintenance bearer.' },
      { name: 'gate', description: 'In front of the backend.' },
    ],
    paths: Object.fromEntries(
      Object.entries(operations).map(([path, methods]) => [
        path,
        Object.fromEntries(
          Object.entries(methods).map(([method, operation]) => [
            method,
            describeOperation(path, method, operation, examples),
          ]),
        ),
      ]),
    ),
    components: {
      schemas: { ...schemas.responses, ErrorCode: { enum: Object.keys(codes).sort() } },
      responses: describeGateRefusals(examples),
      headers: {
        Allow: header('The methods that there are (RFC 9110 §10.2.1).'),
        'Cache-Control': header('`no-store`, but for the metadata of the broker.'),
        'RateLimit-Policy': header(
          'What each limit allows (draft-ietf-httpapi-ratelimit-headers-10): `"session";q=60;w=60`.',
        ),
        RateLimit: header('What is left of each, and in how many seconds it resets: `"session";r=59;t=60`.'),
        'Retry-After': header('Seconds until another try makes sense, where that is known.', {
          type: 'integer',
          minimum: 0,
        }),
        Vary: header(
          '`Authorization, X-Daypass, Origin`: no cache may take the answer for that to another caller.',
        ),
        'WWW-Authenticate': header('The challenge of RFC 6750 §3, or at introspection of RFC 7617.'),
        'X-Request-Id': header('Names the request in the log of the site, and to the backend.', {
          type: 'string',
          minLength: 1,
          maxLength: 128,
        }),
      },
      securitySchemes: {
        accessToken: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description: 'An access token of the broker (RFC 6750).',
        },
        identityToken: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description: 'The Identity token of a throwaway user.',
        },
        tokenField: {
          type: 'apiKey',
          in: 'header',
          name: 'X-Daypass',
          description:
            'The token alone, without a scheme, where a password of the site takes `Authorization`.',
        },
        maintenance: {
          type: 'http',
          scheme: 'bearer',
          description: 'The maintenance bearer: `npx daypass secret --maintenance` prints it.',
        },
        introspection: {
          type: 'http',
          scheme: 'basic',
          description:
            'The audience and its introspection secret (`npx daypass secret --introspection`), both form-encoded (RFC 6749 §2.3.1).',
        },
      },
    },
  };
}
