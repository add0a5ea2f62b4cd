/** Fields of a log line. Never a token, a secret, an address or an e-mail. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** Where one line goes for what an operator should know; `event` is stable and greppable. */
export type Log = (event: string, fields?: LogFields) => void;
