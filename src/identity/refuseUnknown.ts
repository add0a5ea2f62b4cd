/**
 * Refuses a misspelt field, which would silently do nothing.
 * @param what names the object in the error
 * @throws {TypeError} naming the field and those that there are
 */
export function refuseUnknown(what: string, given: object, known: readonly string[]): void {
  const unknown = Object.keys(given).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new TypeError(`${what} has no field ${unknown}; there are ${known.join(', ')}.`);
}
