export type Metadata = Record<string, unknown>;

/**
 * GoTrue's way of updating metadata: a missing map is replaced, an existing one is merged at its first level,
 * and a null takes its key away.
 */
export function mergeMetadata(current: Metadata | null, updates: Metadata | null): Metadata | null {
  if (updates === null) return current;
  if (current === null) return sorted(Object.entries(updates));
  const kept = Object.entries({ ...current, ...updates }).filter(
    ([key, value]) => value !== null || !Object.hasOwn(updates, key),
  );
  return sorted(kept);
}

// Go writes the keys of a map in order.
function sorted(entries: [string, unknown][]): Metadata {
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
