import { byId, letKeyboardScroll, make } from '../dom.ts';
import { kindOf, milliseconds, timeOfDay } from '../words.ts';
import { describeRequest, stepOf } from './describeRequest.ts';
import type { Seen } from './exchange.ts';

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
const maxRuns = 20;

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
    this.#runs = [run, ...this.#runs].slice(0, maxRuns);
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

/** Draws the runs, newest first. Rows keep their elements, so that focus and scrolling stay where they are. */
export class TimelinePanel {
  readonly #scroller = byId('wire-scroll');
  readonly #list = byId('timeline');
  readonly #empty = byId('timeline-empty');
  readonly #drawn = new Map<number, { run: Run; element: HTMLElement }>();

  draw(runs: readonly Run[]): void {
    this.#empty.hidden = runs.length > 0;
    this.#list.hidden = runs.length === 0;
    const elements = runs.map((run) => this.#elementOf(run));
    for (const id of this.#drawn.keys()) if (!runs.some((run) => run.id === id)) this.#drawn.delete(id);
    const [newest] = elements;
    if (newest && newest !== this.#list.firstElementChild) this.#list.prepend(newest);
    for (const element of [...this.#list.children]) {
      if (!elements.includes(element as HTMLElement)) element.remove();
    }
    letKeyboardScroll(this.#scroller);
  }

  #elementOf(run: Run): HTMLElement {
    const drawn = this.#drawn.get(run.id);
    if (drawn?.run === run) return drawn.element;
    const element = drawn?.element ?? make('li', { class: 'run', 'data-testid': 'run' });
    element.replaceChildren(...runParts(run));
    this.#drawn.set(run.id, { run, element });
    return element;
  }
}

function runParts(run: Run): Node[] {
  const time = make('time', { class: 'run-time' }, timeOfDay(run.beganAt / 1000));
  const head = make('div', { class: 'run-head' }, make('h3', {}, run.title), time);
  const summary = make('p', { class: 'run-summary', 'data-testid': 'run-summary' }, summaryOf(run));
  const rows = run.requests.map((seen) => requestRow(seen, run));
  return rows.length === 0 ? [head, summary] : [head, summary, make('ol', { class: 'requests' }, ...rows)];
}

function summaryOf(run: Run): string {
  const { length } = run.requests;
  if (length === 0) return run.result === undefined ? 'Working…' : `No request was sent. ${run.result}`;
  const count = length === 1 ? '1 request' : `${length} requests`;
  const total = totalMilliseconds(run);
  return total === undefined ? `${count}…` : `${count}, ${milliseconds(total)}`;
}

function requestRow(seen: Seen, run: Run): HTMLElement {
  const { request, answer } = seen;
  const step = stepOf(request);
  const status = answer ? String(answer.status || 'none') : '…';
  return make(
    'li',
    {
      class: 'request',
      'data-testid': 'request',
      'data-step': step,
      'data-method': request.method,
      'data-path': request.path,
      'data-status': answer && String(answer.status),
    },
    make(
      'code',
      { class: 'request-line' },
      make('span', { class: 'method' }, request.method),
      ` ${request.path}`,
    ),
    make(
      'span',
      { class: 'status', 'data-kind': answer && kindOf(answer.status) },
      make('span', { class: 'unseen' }, 'Status '),
      status,
    ),
    make('span', { class: 'time' }, answer ? milliseconds(answer.milliseconds) : ''),
    bar(seen, run),
    make('p', { class: 'purpose' }, describeRequest(seen)),
  );
}

/** Where in its run a request began and how long it took, to scale. */
function bar({ startedAt, answer }: Seen, run: Run): HTMLElement {
  const total = totalMilliseconds(run);
  const track = make('span', { class: 'bar', 'aria-hidden': 'true' });
  if (total === undefined || !answer || total === 0) return track;
  const first = Math.min(...run.requests.map((request) => request.startedAt));
  const part = make('span', { class: 'bar-part' });
  part.style.marginInlineStart = `${((startedAt - first) / total) * 100}%`;
  part.style.inlineSize = `${(answer.milliseconds / total) * 100}%`;
  track.append(part);
  return track;
}
