import { SessionError } from '../errors.ts';
import { requestTimeout } from '../timing.ts';
import { trustedScriptUrl, trustedTypesRemedy, turnstileScriptUrl } from './trustedTypes.ts';

/** Long enough for a visitor who has to click; the widget's token lives 300 s. */
const widgetTimeoutSeconds = 120;

/**
 * Requests a token from Cloudflare's Turnstile. The widget is visible only when the visitor has to click, and is removed
 * afterwards.
 * @param siteKey the widget's public key
 * @throws SessionError `proof_failed`, with the widget's error code in its reason, or `turnstile_unavailable`
 */
export async function requestTurnstileToken(siteKey: string): Promise<string> {
  if (typeof document === 'undefined') {
    throw new SessionError('Turnstile needs a page, and does not work in a worker', {
      code: 'proof_failed',
    });
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
      const fail = (reason: string) =>
        reject(
          new SessionError(reason, {
            code: 'proof_failed',
          }),
        );
      timer = setTimeout(() => fail('Turnstile: no token in time'), widgetTimeoutSeconds * 1000);
      widget = turnstile.render(container, {
        sitekey: siteKey,
        appearance: 'interaction-only',
        // The session has its own back-off.
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

/** The part of Turnstile's script that is used (developers.cloudflare.com/turnstile, "Widget configurations"). */
export interface Turnstile {
  render(container: HTMLElement, options: WidgetOptions): string | undefined;
  remove(widget: string): void;
}

interface WidgetOptions {
  sitekey: string;
  appearance: 'interaction-only';
  retry: 'never';
  callback: (token: string) => void;
  /** True: it was dealt with, and the console stays quiet. */
  'error-callback': (code: string) => true;
  'timeout-callback': () => void;
  'unsupported-callback': () => void;
}

let loading: Promise<Turnstile> | undefined;

/**
 * Loads Turnstile's script once, unless the page has loaded it already.
 * @throws SessionError `turnstile_unavailable`; the next call tries again
 */
export async function loadTurnstile(): Promise<Turnstile> {
  loading ??= load();
  try {
    return await loading;
  } catch (error) {
    loading = undefined;
    throw error;
  }
}

async function load(): Promise<Turnstile> {
  if (!find()) await addScript();
  const turnstile = find();
  if (!turnstile) throw unavailable();
  return turnstile;
}

function find(): Turnstile | undefined {
  const { turnstile } = globalThis as { turnstile?: Turnstile };
  // It may be an element of the page that has this id.
  return typeof turnstile?.render === 'function' ? turnstile : undefined;
}

/** By the browser's own getter: an element of the page that is named `head` or `body` hides the property. */
export function pageElement(name: 'head' | 'body' | 'documentElement'): HTMLElement {
  return Reflect.get(Document.prototype, name, document);
}

async function addScript(): Promise<void> {
  const script = document.createElement('script');
  try {
    script.src = trustedScriptUrl(turnstileScriptUrl);
  } catch {
    throw unavailable(`Trusted Types refuse Turnstile’s script: ${trustedTypesRemedy}`);
  }
  try {
    await new Promise((resolve, reject) => {
      script.onload = resolve;
      script.onerror = () => reject(unavailable());
      requestTimeout().addEventListener('abort', () => reject(unavailable()));
      pageElement('head').append(script);
    });
  } catch (error) {
    script.remove();
    throw error;
  }
}

function unavailable(reason = 'Turnstile could not be loaded'): SessionError {
  return new SessionError(reason, {
    code: 'turnstile_unavailable',
    url: turnstileScriptUrl,
  });
}
