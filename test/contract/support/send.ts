import type { RecordedRequest } from './recording.ts';
import type { Translation } from './translation.ts';

export interface Answer {
  status: number;
  headers: Headers;
  body: unknown;
}

/** The recorded request with the names of this run. */
export function requestOf(recorded: RecordedRequest, baseUrl: string, translation: Translation): Request {
  const { method, path, headers, body } = recorded;
  const translated = Object.entries(headers).map(
    ([name, value]) => [name, translation.toLive(value)] as const,
  );
  return new Request(baseUrl + translation.toLive(path), {
    method,
    headers: Object.fromEntries(translated),
    body: body === null ? null : translation.toLive(body),
  });
}

export async function readAnswer(response: Response): Promise<Answer> {
  const text = await response.text();
  const isJson = response.headers.get('content-type') === 'application/json';
  const body = isJson ? JSON.parse(text) : text || null;
  return { status: response.status, headers: response.headers, body };
}
