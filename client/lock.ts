/**
 * Runs one task at a time among all tabs and workers of the origin, where the browser has Web Locks; elsewhere
 * at once, so that two tabs may make a session each.
 */
export function withLock<T>(name: string, task: () => Promise<T>): Promise<T> {
  return navigator.locks?.request(name, task) ?? task();
}
