import { createHash } from 'node:crypto';
import { compactVerify, decodeJwt, decodeProtectedHeader } from 'jose';
import { expect } from 'vitest';
import type { EventCall } from './hook.ts';
import type { RecordedEvent } from './recording.ts';
import type { Translation } from './translation.ts';

export interface Comparison {
  translation: Translation;
  /** Undefined where the server keeps it to itself: signatures are not checked then. */
  jwtSecret: string | undefined;
  /** Signs the event calls; undefined likewise. */
  webhookSecret: string | undefined;
  instanceId: string;
}

const wholeUuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.(\d+))?Z$/;
const skewMilliseconds = 120_000;

/** A recorded value and the one of this run: alike in everything that does not vary from run to run. */
export async function compare(
  recorded: unknown,
  live: unknown,
  where: string,
  by: Comparison,
): Promise<void> {
  if (typeof recorded === 'string') return compareText(recorded, live, where, by);
  if (typeof recorded !== 'object' || recorded === null) {
    expect(live, where).toBe(recorded);
    return;
  }
  expect(live, where).toBeTypeOf('object');
  expect(Array.isArray(live), where).toBe(Array.isArray(recorded));
  const [was, is] = [recorded as Record<string, unknown>, live as Record<string, unknown>];
  expect(Object.keys(is).sort(), `the fields of ${where}`).toEqual(Object.keys(was).sort());
  for (const key of Object.keys(was)) await compare(was[key], is[key], `${where}.${key}`, by);
}

async function compareText(recorded: string, live: unknown, where: string, by: Comparison): Promise<void> {
  expect(live, where).toBeTypeOf('string');
  const text = live as string;
  if (where.endsWith('.access_token')) {
    await compareAccessToken(recorded, text, by);
    by.translation.bind(recorded, text);
  } else if (where.endsWith('.refresh_token')) {
    expect(text, where).toMatch(/^[\w-]{22}$/);
    by.translation.bind(recorded, text);
  } else if (where.endsWith('.instance_id')) {
    expect(text, where).toBe(by.instanceId);
  } else if (wholeUuid.test(recorded)) {
    expect(text, where).toMatch(wholeUuid);
    by.translation.bind(recorded, text);
  } else if (time.test(recorded)) {
    compareTime(recorded, text, where);
  } else {
    expect(text, where).toBe(by.translation.toLive(recorded));
  }
}

// To the second, to the microsecond or to the nanosecond; Go cuts zeros at the end.
function compareTime(recorded: string, live: string, where: string): void {
  const digits = (text: string) => time.exec(text)?.[1]?.length ?? 0;
  expect(live, where).toMatch(time);
  expect(Math.abs(Date.parse(live) - Date.now()), `${where} is now`).toBeLessThan(skewMilliseconds);
  if (digits(recorded) === 0) expect(digits(live), where).toBe(0);
  else expect(digits(live), where).toBeLessThanOrEqual(digits(recorded) > 6 ? 9 : 6);
}

async function compareAccessToken(recorded: string, live: string, by: Comparison): Promise<void> {
  expect(JSON.stringify(decodeProtectedHeader(live))).toBe(JSON.stringify(decodeProtectedHeader(recorded)));
  const { exp: _, ...claims } = decodeJwt(recorded);
  const { exp = 0, ...liveClaims } = decodeJwt(live);
  expect(Object.keys(decodeJwt(live)), 'the order of the claims').toEqual(Object.keys(decodeJwt(recorded)));
  await compare(claims, liveClaims, 'the claims', by);
  expect(Math.abs(exp * 1000 - Date.now() - 3600_000), 'exp is in an hour').toBeLessThan(skewMilliseconds);
  if (by.jwtSecret) await compactVerify(live, new TextEncoder().encode(by.jwtSecret));
}

/** The event calls of one request: as many, in this order, with these headers and bodies, signed. */
export async function compareEvents(recorded: RecordedEvent[], calls: EventCall[], by: Comparison) {
  expect(
    calls.map((call) => JSON.parse(call.body).event),
    'the events',
  ).toEqual(recorded.map((event) => event.body.event));
  for (const [index, event] of recorded.entries()) {
    const call = calls[index];
    const where = `event ${index + 1}`;
    expect(call?.path, where).toBe(event.path);
    for (const [name, value] of Object.entries(event.headers)) {
      if (name === 'x-webhook-signature')
        await compareSignature(value, String(call?.headers[name]), call, by);
      else expect(call?.headers[name], `${name} of ${where}`).toBe(value);
    }
    await compare(event.body, JSON.parse(call?.body ?? ''), where, by);
  }
}

async function compareSignature(recorded: string, live: string, call: EventCall | undefined, by: Comparison) {
  expect(JSON.stringify(decodeProtectedHeader(live))).toBe(JSON.stringify(decodeProtectedHeader(recorded)));
  const claims = decodeJwt(live);
  expect(Object.keys(claims), 'the claims of the signature').toEqual(Object.keys(decodeJwt(recorded)));
  expect(claims.iss).toBe('gotrue');
  expect(claims.sub).toBe(by.instanceId);
  expect(Math.abs((claims.iat ?? 0) * 1000 - Date.now())).toBeLessThan(skewMilliseconds);
  expect(claims.sha256).toBe(
    createHash('sha256')
      .update(call?.body ?? '')
      .digest('hex'),
  );
  if (by.webhookSecret) await compactVerify(live, new TextEncoder().encode(by.webhookSecret));
}
