import type { Seen } from '../net/watchFetch.ts';

/** The requests that one press of a button caused, or that the client sent by itself. */
export interface Run {
  readonly id: number;
  readonly title: string;
  /** Milliseconds since the epoch. */
  readonly beganAt: number;
  readonly requests: readonly Seen[];
  /** What came of it, once the button's work is done; an answer may still be on its way to the page. */
  readonly result: string | undefined;
}

/** Requests that follow each other within this time without a button are one run. */
const quietMilliseconds = 2000;
const mostRuns = 20;

/** Sorts what was seen into runs, newest first. */
export class Runs {
  #runs: Run[] = [];
  #count = 0;
  #current: number | undefined;

  get all(): readonly Run[] {
    return this.#runs;
  }

  /** What is seen from now on belongs to this run, until it is finished. */
  begin(title: string, now: number): void {
    this.#current = this.#open(title, now).id;
  }

  finish(result: string): void {
    this.#runs = this.#runs.map((run) => (run.id === this.#current ? { ...run, result } : run));
    this.#current = undefined;
  }

  /** A request went out, or its answer came in. */
  add(seen: Seen, now: number): void {
    const owner =
      this.#runs.find((run) => run.requests.some(({ id }) => id === seen.id)) ??
      this.#runs.find((run) => run.id === this.#current) ??
      // The answer to a request of a run that was cleared away.
      (seen.answer ? undefined : this.#background(seen, now));
    if (!owner) return;
    const known = owner.requests.some(({ id }) => id === seen.id);
    const requests = known
      ? owner.requests.map((request) => (request.id === seen.id ? seen : request))
      : [...owner.requests, seen];
    this.#runs = this.#runs.map((run) => (run.id === owner.id ? { ...run, requests } : run));
  }

  clear(): void {
    this.#runs = [];
    this.#current = undefined;
  }

  #background(seen: Seen, now: number): Run {
    const [newest] = this.#runs;
    const last = newest?.requests.at(-1);
    const recent = last !== undefined && seen.startedAt - last.startedAt < quietMilliseconds;
    if (newest?.title === byItself && recent) return newest;
    return this.#open(byItself, now);
  }

  #open(title: string, now: number): Run {
    this.#count += 1;
    const run: Run = {
      id: this.#count,
      title,
      beganAt: now,
      requests: [],
      result: undefined,
    };
    this.#runs = [run, ...this.#runs].slice(0, mostRuns);
    return run;
  }
}

export const byItself = 'By itself';

/** From the first request's start to the last answer's end, in milliseconds; undefined until all have come. */
export function totalMilliseconds({ requests }: Run): number | undefined {
  if (requests.length === 0) return undefined;
  const ends = requests.map(({ startedAt, answer }) => answer && startedAt + answer.milliseconds);
  if (ends.includes(undefined)) return undefined;
  return Math.max(...(ends as number[])) - Math.min(...requests.map(({ startedAt }) => startedAt));
}
