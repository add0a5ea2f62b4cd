import { type Exchange, formOf, jsonOf } from './exchange.ts';
import { plainFetch } from './watchFetch.ts';

export interface SendOptions {
  headers?: Record<string, string>;
  body?: string | URLSearchParams;
}

/** Sends a request that the attack lab shows by itself, past the timeline. Never throws: no answer is status 0. */
export type Send = (method: string, path: string, options?: SendOptions) => Promise<Exchange>;

export const send: Send = async (method, path, { headers = {}, body } = {}) => {
  const form = formOf(body);
  const request = { method, path, headers, ...(form && { form }) };
  const startedAt = performance.now();
  try {
    const response = await plainFetch(path, {
      method,
      headers,
      cache: 'no-store',
      ...(body && { body }),
    });
    const milliseconds = performance.now() - startedAt;
    const answer = {
      status: response.status,
      headers: response.headers,
      body: await jsonOf(response),
      milliseconds,
    };
    return { request, answer };
  } catch {
    const milliseconds = performance.now() - startedAt;
    return {
      request,
      answer: {
        status: 0,
        headers: new Headers(),
        body: undefined,
        milliseconds,
      },
    };
  }
};
