import { byId, make } from '../dom.ts';
import type { Exchange } from '../net/exchange.ts';
import { milliseconds } from '../words/duration.ts';
import { limitsInWords } from '../words/rateLimit.ts';

/** Draws what the API answered through the gate, and what the limits leave. */
export function drawAnswer({ request, answer }: Exchange): void {
  const limits = limitsInWords(answer.headers).map((sentence) => make('li', {}, sentence));
  const line = `${request.method} ${request.path}: ${answer.status || 'no answer'}, ${milliseconds(answer.milliseconds)}`;
  byId('api-answer').replaceChildren(
    make('p', { class: 'countdown', 'data-testid': 'api-answer-line' }, line),
    make('pre', { 'data-testid': 'api-answer-body' }, JSON.stringify(answer.body, null, 2) ?? 'No JSON.'),
    ...(limits.length === 0 ? [] : [make('ul', { class: 'limits', 'data-testid': 'limits' }, ...limits)]),
  );
}

export function clearAnswer(): void {
  byId('api-answer').replaceChildren(make('p', { class: 'empty' }, 'None seen yet.'));
}
