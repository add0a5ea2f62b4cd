import { byId, make } from '../dom.ts';
import { touchesUsers, type UserCounter } from '../pressure/users.ts';
import { type Step, stepOf } from '../wire/describeRequest.ts';
import { type Exchange, textOf } from '../wire/exchange.ts';
import { limitsInWords, milliseconds } from '../words.ts';
import type { PassHolder } from './pass.ts';
import { decodeToken, describeIdentityToken, TokenPanel } from './tokens.ts';

/** Draws what the page learns from each answer that passes by. */
export class Observer {
  readonly #pass: PassHolder;
  readonly #identityToken = new TokenPanel('identity-token');
  readonly #users: UserCounter;

  constructor(pass: PassHolder, users: UserCounter) {
    this.#pass = pass;
    this.#users = users;
  }

  see(exchange: Exchange): void {
    const step = stepOf(exchange.request);
    if (touchesUsers(exchange.request)) this.#users.count();
    if (step === 'call') drawAnswer(exchange);
    else if (exchange.answer.status === 200) this.#learn(step, exchange.answer.body);
  }

  clear(): void {
    this.#identityToken.clear();
    clearAnswer();
  }

  #learn(step: Step, body: unknown): void {
    const token = textOf(body, 'access_token');
    if (token === undefined) return;
    const decoded = decodeToken(token);
    if (step === 'log-in' && decoded) {
      this.#identityToken.show(decoded, describeIdentityToken, 'Not exchanged yet.');
    }
    if (step === 'exchange')
      this.#identityToken.note('Spent: its user is deleted, and nothing here accepts it.');
    if (step === 'exchange' || step === 'renewal') {
      const { expires_in: expiresIn, session_expires_in: sessionExpiresIn } = body as Record<string, unknown>;
      const lifetimes = {
        expiresInSeconds: Number(expiresIn),
        sessionExpiresInSeconds: Number(sessionExpiresIn),
      };
      this.#pass.take(token, lifetimes);
    }
  }
}

/** Draws what the API answered through the gate, and what the limits leave. */
function drawAnswer({ request, answer }: Exchange): void {
  const limits = limitsInWords(answer.headers).map((sentence) => make('li', {}, sentence));
  const line = `${request.method} ${request.path}: ${answer.status || 'no answer'}, ${milliseconds(answer.milliseconds)}`;
  byId('api-answer').replaceChildren(
    make('p', { class: 'countdown', 'data-testid': 'api-answer-line' }, line),
    make('pre', { 'data-testid': 'api-answer-body' }, JSON.stringify(answer.body, null, 2) ?? 'No JSON.'),
    ...(limits.length === 0 ? [] : [make('ul', { class: 'limits', 'data-testid': 'limits' }, ...limits)]),
  );
}

function clearAnswer(): void {
  byId('api-answer').replaceChildren(make('p', { class: 'empty' }, 'None seen yet.'));
}
