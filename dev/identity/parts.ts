import { setImmediate, setTimeout } from 'node:timers/promises';
import { AccessTokens } from './accessTokens.ts';
import { type Clock, createClock } from './clock.ts';
import { type DevIdentityOptions, readOptions, type Settings } from './options.ts';
import { RefreshTokens } from './refreshTokens.ts';
import { UserTable } from './users.ts';

/** What every endpoint works with. */
export type Parts = {
  settings: Settings;
  clock: Clock;
  users: UserTable;
  accessTokens: AccessTokens;
  refreshTokens: RefreshTokens;
  /**
   * The time between reading a row and committing what follows from it. Like the real one, nothing locks the
   * row meanwhile: concurrent requests all pass the check that the first of them is about to make untrue.
   */
  untilCommit(): Promise<void>;
};

/** @throws TypeError when an option makes no sense */
export function createParts(options: DevIdentityOptions): Parts {
  const settings = readOptions(options);
  const clock = createClock(settings.now);
  return {
    settings,
    clock,
    users: new UserTable(),
    accessTokens: new AccessTokens(settings, clock),
    refreshTokens: new RefreshTokens(),
    untilCommit: () => (settings.commitDelayMs > 0 ? setTimeout(settings.commitDelayMs) : setImmediate()),
  };
}
