import { SessionError } from '../errors.ts';
import { requestTimeout } from '../patience.ts';
import { trustedScriptUrl, trustedTypesRemedy, turnstileScriptUrl } from './trustedTypes.ts';

/** What of Turnstile's own script is used (developers.cloudflare.com/turnstile, "Widget configurations"). */
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
 * Loads Turnstile's script, once; a page that has it already for forms of its own is spared.
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
  return new SessionError(reason, { code: 'turnstile_unavailable', url: turnstileScriptUrl });
}
