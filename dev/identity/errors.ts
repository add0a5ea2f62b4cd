import { randomUUID } from 'node:crypto';

type ErrorOptions = { clearsCookie?: boolean };

/** An answer of GoTrue's usual shape: `{code, msg}`, with an `error_id` from 500 on. */
export class HttpError extends Error {
  readonly status: number;
  readonly clearsCookie: boolean;

  constructor(status: number, message: string, { clearsCookie = false }: ErrorOptions = {}) {
    super(message);
    this.status = status;
    this.clearsCookie = clearsCookie;
  }

  get body(): Record<string, unknown> {
    const body = { code: this.status, msg: this.message };
    return this.status >= 500 ? { ...body, error_id: randomUUID() } : body;
  }
}

/** What `/token` answers (RFC 6749 section 5.2): always 400. */
export class OAuthError extends Error {
  readonly status = 400;
  readonly error: string;
  readonly clearsCookie: boolean;

  constructor(error: string, description = '', { clearsCookie = false }: ErrorOptions = {}) {
    super(description);
    this.error = error;
    this.clearsCookie = clearsCookie;
  }

  get body(): Record<string, unknown> {
    return { error: this.error, error_description: this.message || undefined };
  }
}
