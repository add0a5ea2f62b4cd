/** Every event of the log; docs/operations.md says when each occurs. Some are logged only by a dev server. */
export const logEvents = [
  'exchange',
  'renewal',
  'refused',
  'internal_error',
  'not_configured',
  'policy_not_loaded',
  'identity_context_missing',
  'admission_denied',
  'admission_failed',
  'webhook_refused',
  'event_failed',
  'circuit_opened',
  'circuit_closed',
  'store_refusing',
  'store_accepting',
  'ceiling_near',
  'ceiling_reached',
  'address_unknown',
  'credentials_not_offered',
  'request_field_dropped',
  'sweep',
  'sweep_opportunistic',
  'sweep_unread',
  'sweep_cursor_lost',
] as const;

export type LogEvent = (typeof logEvents)[number];

/** Fields of a log line. Never a token, a secret, an IP address or an e-mail. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** Writes one line for what an operator should know. */
export type Log = (event: LogEvent, fields?: LogFields) => void;
