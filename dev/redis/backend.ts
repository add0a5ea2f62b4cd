/** A command as Redis takes it: its name in upper case, then its arguments. */
export type Command = readonly [name: string, ...args: string[]];

/** What Redis says to one command, in the shapes of RESP2. An `Error` is Redis's own refusal, word for word. */
export type Reply = null | number | string | Uint8Array | Error | Reply[];

/** The Redis behind the bridge. */
export type Backend = {
  /** Which Redis this is, for people. */
  readonly words: string;
  /** The id of the redis-server process that was started for this bridge; undefined when there is none. */
  readonly processId: number | undefined;
  /**
   * Runs commands in order, in one round trip; a refusal stands in its command's place.
   * @throws BackendAway when Redis cannot be reached, whatever ran of the commands
   */
  run(commands: readonly Command[]): Promise<Reply[]>;
  /**
   * Runs commands as one transaction; an `Error` means that it was discarded as a whole.
   * @throws BackendAway as `run` does
   */
  transact(commands: readonly Command[]): Promise<Reply[] | Error>;
  /** Ends the connection, and the process if one was started. */
  close(): Promise<void>;
};

/** Redis could not be asked, or its answer was lost. */
export class BackendAway extends Error {
  override readonly name = 'BackendAway';
}
