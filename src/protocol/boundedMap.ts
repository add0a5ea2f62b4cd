/** A Map that forgets its oldest entry when it is full. */
export class BoundedMap<Key, Value> extends Map<Key, Value> {
  readonly #maxSize: number;
  /**
   * Stands before the oldest entry. It is kept because a new iterator walks past every entry that was deleted since the
   * map was last rebuilt, which in a map of 10 000 takes longer than verifying a token.
   */
  #oldest: MapIterator<Key> | undefined;
  #deletions = 0;

  constructor(maxSize: number) {
    super();
    this.#maxSize = maxSize;
  }

  override set(key: Key, value: Value): this {
    if (this.size >= this.#maxSize && !this.has(key)) this.#forgetOldest();
    return super.set(key, value);
  }

  // An iterator that does not move on holds on to what the map was before it was rebuilt, which deletions bring about. So a
  // map that is never full would keep more and more of that.
  override delete(key: Key): boolean {
    this.#deletions += 1;
    if (this.#deletions >= this.#maxSize) {
      this.#deletions = 0;
      this.#oldest = undefined;
    }
    return super.delete(key);
  }

  override clear(): void {
    this.#oldest = undefined;
    super.clear();
  }

  #forgetOldest(): void {
    this.#oldest ??= this.keys();
    const next = this.#oldest.next();
    if (next.done) this.#oldest = undefined;
    else super.delete(next.value);
  }
}
