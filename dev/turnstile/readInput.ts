import { type Outcome, refuse } from './outcome.ts';

/** The parameters of a call, or the refusal of a call that lacks one. */
export type Input = { secret: string; response: string; key: string | undefined } | Outcome;

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** JSON or a form, by the Content-Type. */
export async function readInput(request: Request): Promise<Input> {
  const fields = await readFields(request);
  if (!fields) return refuse('bad-request');
  const { secret, response, idempotency_key: key } = fields;
  if (!secret) return refuse('missing-input-secret');
  if (!response) return refuse('missing-input-response');
  if (typeof secret !== 'string' || typeof response !== 'string') return refuse('bad-request');
  if (key !== undefined && !(typeof key === 'string' && uuid.test(key))) return refuse('bad-request');
  return { secret, response, key };
}

async function readFields(request: Request): Promise<Record<string, unknown> | undefined> {
  const isForm = request.headers.get('content-type')?.startsWith('application/x-www-form-urlencoded');
  const text = await request.text();
  if (isForm) return Object.fromEntries(new URLSearchParams(text));
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
