import { codeRow, type ErrorCode } from './codes.ts';

interface DaypassErrorOptions {
  /** What exactly was wrong, in one sentence for people. Never holds a token or a secret. */
  detail?: string;
  /** Seconds after which trying again makes sense. */
  retryAfterSeconds?: number;
  /** Header fields that belong on the answer. */
  headers?: Record<string, string>;
  /** The route's path in the policy, where the call has one: for the log and the counts. */
  route?: string | undefined;
  cause?: unknown;
}

/** The one error that Daypass throws while it serves a request: a stable `code`, and how to answer. */
export class DaypassError extends Error {
  readonly code: ErrorCode;
  readonly status: number;
  readonly retryAfterSeconds: number | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly route: string | undefined;

  constructor(code: ErrorCode, options: DaypassErrorOptions = {}) {
    const row = codeRow(code);
    super(options.detail ?? row.description, { cause: options.cause });
    this.name = 'DaypassError';
    this.code = code;
    this.status = row.status;
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.headers = options.headers ?? {};
    this.route = options.route;
  }

  /** The same refusal, of a call of that route, with more header fields for its answer. */
  at(route: string, headers: Readonly<Record<string, string>>): DaypassError {
    const { code, message, retryAfterSeconds, cause } = this;
    return new DaypassError(code, {
      detail: message,
      headers: { ...this.headers, ...headers },
      route,
      cause,
      ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
    });
  }
}

/** A mistake in the policy, the environment or an option: thrown at construction, with all that is wrong. */
export class ConfigurationError extends TypeError {
  readonly code = 'not_configured';
  /** One sentence for each problem, naming the setting and its remedy. */
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'ConfigurationError';
    this.problems = problems;
  }
}
