/**
 * gotrue-js sets `window.GoTrue` as it is imported. This module is imported before it, so what it finds here is
 * the page's own.
 */
const own = typeof window === 'undefined' ? undefined : Object.getOwnPropertyDescriptor(globalThis, 'GoTrue');

/** Makes `window.GoTrue` what it was before gotrue-js was imported, also when there was none. */
export function restoreGoTrue(): void {
  if (typeof window === 'undefined') return;
  if (own) Object.defineProperty(globalThis, 'GoTrue', own);
  else Reflect.deleteProperty(globalThis, 'GoTrue');
}
