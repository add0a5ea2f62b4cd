import { SessionError } from '../errors.ts';
import { loadTurnstile, pageElement } from './loadTurnstile.ts';

/** Long enough for a visitor who has to click; the widget's token lives 300 s. */
const patienceSeconds = 120;

/**
 * Asks Cloudflare's Turnstile for a token, by a widget that is seen only when the visitor has to click, and is gone
 * afterwards.
 * @param siteKey the widget's public key
 * @throws SessionError `proof_failed`, with the widget's error code in its reason, or `turnstile_unavailable`
 */
export async function askTurnstile(siteKey: string): Promise<string> {
  if (typeof document === 'undefined') {
    throw new SessionError('Turnstile needs a page, and does not work in a worker', { code: 'proof_failed' });
  }
  const turnstile = await loadTurnstile();
  const container = document.createElement('div');
  // By its properties, which no Content-Security-Policy forbids.
  Object.assign(container.style, { position: 'fixed', right: '1rem', bottom: '1rem', zIndex: '2147483647' });
  // A script in the head may be here before the body is.
  (pageElement('body') ?? pageElement('documentElement')).append(container);

  let widget: string | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    return await new Promise((resolve, reject) => {
      const fail = (reason: string) => reject(new SessionError(reason, { code: 'proof_failed' }));
      timer = setTimeout(() => fail('Turnstile: no token in time'), patienceSeconds * 1000);
      widget = turnstile.render(container, {
        sitekey: siteKey,
        appearance: 'interaction-only',
        // The session has a back-off of its own.
        retry: 'never',
        callback: resolve,
        'error-callback': (code) => {
          fail(`Turnstile: error ${code}`);
          return true;
        },
        'timeout-callback': () => fail('Turnstile: the visitor did not click in time'),
        'unsupported-callback': () => fail('Turnstile: this browser is not supported'),
      });
    });
  } finally {
    clearTimeout(timer);
    if (widget) turnstile.remove(widget);
    container.remove();
  }
}
