/** All tabs share one pass, in `localStorage`; a session tells of what its own tab does, and of nothing else. */
const isPass = (key: string | null) => key?.startsWith('daypass') ?? false;

/** Whether this or another tab left a pass behind. */
export function findsPass(): boolean {
  try {
    return Object.keys(localStorage).some(isPass);
  } catch {
    // A browser that stores nothing.
    return false;
  }
}

/** Calls back when another tab has got, renewed (`gone` is false) or revoked the pass. */
export function watchOtherTabs(changed: (gone: boolean) => void): void {
  addEventListener('storage', ({ key, newValue }) => {
    if (isPass(key)) changed(newValue === null);
  });
}
