import { byId, letKeyboardScroll, make } from '../dom.ts';
import type { Seen } from '../net/watchFetch.ts';
import { describeRequest, stepOf } from '../words/describeRequest.ts';
import { milliseconds, timeOfDay } from '../words/duration.ts';
import { kindOf } from '../words/kindOf.ts';
import { type Run, totalMilliseconds } from './runs.ts';

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
