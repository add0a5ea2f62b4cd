/**
 * Runs one task at a time among all tabs and workers of the origin, where the browser has Web Locks; elsewhere
 * at once, so that two tabs may make a session each.
 * @param task is told whether it had to wait for another
 */
export function withLock<T>(name: string, task: (waited?: boolean) => Promise<T>): Promise<T> {
  const { locks } = navigator;
  if (!locks) return task();
  return locks.request(name, { ifAvailable: true }, (lock) =>
    lock ? task() : locks.request(name, () => task(true)),
  );
}
