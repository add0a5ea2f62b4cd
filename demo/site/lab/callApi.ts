import type { Exchange } from '../net/exchange.ts';
import type { LabKit } from './kit.ts';

/** The address behind the gate that the attacks are after. */
export const target = '/api/hello';

/** Calls the API with a token, or with none, and whatever else an attacker adds. */
export function callApi(
  { send }: LabKit,
  token: string | undefined,
  { path = target, headers = {} }: { path?: string; headers?: Record<string, string> } = {},
): Promise<Exchange> {
  const authorization = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  return send('GET', path, { headers: { ...authorization, ...headers } });
}
