import type { RequestBodies } from '../limits/requestBodies.ts';
import { DaypassError } from '../protocol/error.ts';

/** Longest body that any endpoint of the broker reads. */
const maxBodyBytes = 8192;

/** The parameters of a form, each given once and not empty. */
export type Form = ReadonlyMap<string, string>;

/** @throws {DaypassError} `missing_parameter` */
export function required(form: Form, name: string): string {
  const value = form.get(name);
  if (value === undefined) throw new DaypassError('missing_parameter', { detail: `${name} is missing.` });
  return value;
}

/**
 * Reads a whole body of at most 8192 bytes.
 * @throws {DaypassError} `body_too_large`, `request_timeout`, `body_budget_exhausted`; `malformed_request` when the
 * caller disconnected
 */
export async function readBody(request: Request, bodies: RequestBodies): Promise<Uint8Array> {
  const body = bodies.open(request);
  try {
    const fits = (body.declaredBytes ?? 0) <= maxBodyBytes && (await body.gather(maxBodyBytes));
    if (!fits) throw new DaypassError('body_too_large');
    return new Uint8Array(await new Blob(body.gathered()).arrayBuffer());
  } finally {
    body.close();
  }
}

/**
 * Reads an `application/x-www-form-urlencoded` body (RFC 6749 appendix B).
 * @throws {DaypassError} see `readBody`; `unsupported_content_type`, `malformed_request` for what is not UTF-8,
 * `repeated_parameter` (RFC 6749 §3.2)
 */
export async function readForm(request: Request, bodies: RequestBodies): Promise<Form> {
  return parseForm(await readBody(request, bodies), request.headers.get('content-type'));
}

/** The same for a body that was read already. */
export function parseForm(body: Uint8Array, contentType: string | null): Form {
  const form = new Map<string, string>();
  for (const [name, value] of readPairs(body, contentType)) {
    if (form.has(name)) throw new DaypassError('repeated_parameter');
    form.set(name, value);
  }
  // RFC 6749 §3.2: a parameter without a value counts as left out.
  for (const [name, value] of form) if (value === '') form.delete(name);
  return form;
}

/**
 * The parameters as they came, for forms in which one may be repeated.
 * @throws {DaypassError} `unsupported_content_type`, `malformed_request`
 */
export function readPairs(body: Uint8Array, contentType: string | null): [name: string, value: string][] {
  const [mediaType, ...parameters] = (contentType ?? '').toLowerCase().split(';');
  const charset = parameters
    .map((parameter) => parameter.trim())
    .find((parameter) => parameter.startsWith('charset='));
  const isUtf8 = charset === undefined || /^charset="?utf-?8"?$/.test(charset);
  if (mediaType?.trim() !== 'application/x-www-form-urlencoded' || !isUtf8) {
    throw new DaypassError('unsupported_content_type');
  }
  const pairs = [...new URLSearchParams(decode(body))];
  // URLSearchParams writes U+FFFD for what was not UTF-8; no parameter of ours holds one.
  if (pairs.flat().some((text) => text.includes('\ufffd'))) throw new DaypassError('malformed_request');
  return pairs;
}

function decode(body: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch (cause) {
    throw new DaypassError('malformed_request', { cause });
  }
}
