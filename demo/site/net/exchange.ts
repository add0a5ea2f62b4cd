/** A request as it went out. */
export interface Sent {
  method: string;
  /** Path and query. */
  path: string;
  /** Fields that the page itself set. */
  headers: Readonly<Record<string, string>>;
  /** Fields of the form, when the body was one. */
  form?: Readonly<Record<string, string>>;
}

/** An answer as it came back. */
export interface Answered {
  /** 0 when there was no answer. */
  status: number;
  headers: Headers;
  /** The body when it was JSON. */
  body: unknown;
  milliseconds: number;
}

/** One request and its answer. */
export interface Exchange {
  request: Sent;
  answer: Answered;
}

/** The member of a JSON object, when the body is one and the member is a string. */
export function textOf(body: unknown, member: string): string | undefined {
  const value =
    typeof body === 'object' && body !== null ? (body as Record<string, unknown>)[member] : undefined;
  return typeof value === 'string' ? value : undefined;
}

/** The JSON of an answer, read whole so that its connection is free again; undefined when it is none. */
export async function jsonOf(response: Response): Promise<unknown> {
  try {
    return JSON.parse(await response.text());
  } catch {
    return undefined;
  }
}

/** What the page may read of a body: forms only. */
export function formOf(body: unknown): Record<string, string> | undefined {
  if (body instanceof URLSearchParams) return Object.fromEntries(body);
  if (typeof body === 'string' && /^[\w.~%+-]+=/.test(body))
    return Object.fromEntries(new URLSearchParams(body));
  return undefined;
}
