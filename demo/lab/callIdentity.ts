import { DaypassError } from '../../src/protocol/error.ts';
import type { LabDependencies } from './dependencies.ts';

/** Through Netlify's emulator, where a process starts for each call: long on a busy machine. */
const timeoutMilliseconds = 20_000;

/**
 * One call of Identity's REST API (netlify/gotrue, api/api.go).
 * @param options.body sent as JSON, or as a form when it is one
 * @param options.admin whether the operator token goes along
 * @throws {DaypassError} `identity_unavailable` without an answer in 20 s
 */
export async function callIdentity(
  lab: Pick<LabDependencies, 'identityUrl' | 'operatorToken'>,
  method: string,
  path: string,
  options: { body?: object; admin?: boolean } = {},
): Promise<Response> {
  const { body, admin = false } = options;
  const headers: Record<string, string> = { accept: 'application/json' };
  if (admin) headers.authorization = `Bearer ${lab.operatorToken}`;
  if (body && !(body instanceof URLSearchParams)) headers['content-type'] = 'application/json';
  try {
    return await fetch(lab.identityUrl.replace(/\/+$/, '') + path, {
      method,
      headers,
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMilliseconds),
      ...(body && { body: body instanceof URLSearchParams ? body : JSON.stringify(body) }),
    });
  } catch (cause) {
    throw new DaypassError('identity_unavailable', { cause });
  }
}

/**
 * The JSON of an answer that should be a success.
 * @throws {DaypassError} `identity_unavailable` for any other
 */
export async function readAnswer<T>(response: Response): Promise<T> {
  if (!response.ok) {
    await response.body?.cancel();
    throw new DaypassError('identity_unavailable', {
      detail: `Identity answered ${response.status} where the attack lab needs a success.`,
    });
  }
  try {
    return (await response.json()) as T;
  } catch (cause) {
    throw new DaypassError('identity_unavailable', { cause });
  }
}
