/** Few enough that users of 14 MB each cost Identity no more than a second or two. */
const first = 8;

/** A page that is worked off within this time has no record in it that is too old to delete by. */
const targetMilliseconds = 700;

/** A page that takes longer than this to fail is not halved, but followed by one user alone. */
const slowMilliseconds = 1000;

/** A page of the list that begins at a place, or a little before it. */
export interface Page {
  /** From 1, as GoTrue counts. */
  page: number;
  perPage: number;
  /** How many users the pages before it hold. */
  start: number;
}

/**
 * How many users to ask for at once: few at first, more while it goes well, half as many when a list fails. So one that
 * Identity cannot give, or that is too large, costs little time, and ends at the one user who is at fault.
 */
export class PageSize {
  #most: number;
  #size = first;
  /** The most that Identity has given of one page; some servers give fewer than they are asked for. */
  #proven = 0;
  /** The last place that a page must not hold again, since its user cannot be read. */
  #unreadAt = -1;

  /** @param most users at once, whatever happens */
  constructor(most: number) {
    this.#most = most;
  }

  /**
   * The page that shows most of what stands at a position and behind. GoTrue knows pages of one length alone, so one may
   * begin before the position; none begins before a user who cannot be read.
   */
  pageAt(position: number): Page {
    let perPage = 1;
    for (let each = this.#size, useful = 1; each >= useful; each -= 1) {
      const before = position % each;
      const isReadable = before === 0 || position - before > this.#unreadAt;
      if (!isReadable || each - before < useful) continue;
      perPage = each;
      useful = each - before;
    }
    const pagesBefore = Math.floor(position / perPage);
    return { page: pagesBefore + 1, perPage, start: pagesBefore * perPage };
  }

  /**
   * Whether as many users came as the page holds. Else its pages are of another length than ours, and this one began
   * elsewhere: fewer are asked for next.
   * @returns undefined when Identity gives the wrong number whatever it is asked for
   */
  isWhole({ page, perPage, start }: Page, given: number, total: number): boolean | undefined {
    const expected = Math.max(0, Math.min(perPage, total - start));
    if (given > perPage) return undefined;
    if (given === perPage) this.#proven = Math.max(this.#proven, given);
    // The first page begins at the first user whatever its size; whoever signs up between Identity's count and its list
    // lengthens it. Another one of the wrong place may by chance be as long as the right one, unless Identity has given
    // as many as were asked for.
    const isRight =
      page === 1 ? given >= expected : given === expected && (given === 0 || perPage <= this.#proven);
    if (isRight) return true;
    // Whoever is deleted in between shortens a page, to none at times.
    this.#size = Math.min(perPage - 1, given || Math.floor(perPage / 2));
    this.#most = Math.max(this.#size, 1, Math.floor(this.#most / 2));
    if (this.#size > 0) return false;
    this.#size = 1;
    return undefined;
  }

  /** A page was read and worked off, in so many milliseconds. */
  wentWell(milliseconds: number): void {
    const factor = Math.min(4, targetMilliseconds / Math.max(1, milliseconds));
    this.#size = Math.min(this.#most, Math.max(1, Math.round(this.#size * factor)));
  }

  /**
   * A page could not be read, which took so many milliseconds.
   * @returns whether it held one user alone, so that there is nothing to halve: the position is to be passed
   */
  wentWrong({ perPage, start }: Page, position: number, milliseconds: number): boolean {
    // What stands before the position may be at fault, and nobody needs it.
    if (start < position) this.#unreadAt = position - 1;
    else if (perPage === 1) this.#unreadAt = position;
    // There may be no time for all the halves of one that Identity works on for seconds.
    else this.#size = milliseconds > slowMilliseconds ? 1 : Math.ceil(perPage / 2);
    return perPage === 1;
  }

  /** The list is begun anew: nothing is known of its places. */
  restart(): void {
    this.#unreadAt = -1;
  }
}
