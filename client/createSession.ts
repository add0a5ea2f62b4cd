import { nearest } from '../src/protocol/nearest.ts';
import { boundStorage } from './boundStorage.ts';
import { openSession, type Session } from './openSession.ts';
import { checkOptions, type SessionOptions } from './options.ts';
import { createRefusals } from './refusals.ts';

/**
 * Makes a session. It asks for nothing and touches nothing of the page until the first call needs a token: then it
 * signs a throwaway user up, logs it in, and exchanges it for an access token. Tabs of one site share that token. So it
 * may stand at the top of a module that is loaded on a server too, and so may its `attach`.
 * @throws TypeError when an option is malformed, or none of `SessionOptions`: it names the nearest
 */
export function createSession(options: SessionOptions = {}): Session {
  if (Object(options) !== options || Array.isArray(options)) throw new TypeError('Daypass: bad options');
  const settings = checkOptions(options);
  const names = Object.keys(settings);
  for (const name of Object.keys(options)) {
    if (names.includes(name)) continue;
    const meant = nearest(name, names) ?? names.join(', ');
    throw new TypeError(`Daypass: no option ${name}; did you mean ${meant}?`);
  }
  const storage = settings.storage && boundStorage(settings.storage);
  return openSession(
    { ...settings, storage },
    // A service worker, where `import()` does not work, has no XMLHttpRequest.
    async () => ({ createRefusals }),
    () => import('./xhr.ts'),
  );
}
