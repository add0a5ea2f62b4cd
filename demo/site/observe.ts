import { type Exchange, textOf } from './net/exchange.ts';
import { touchesUsers, type UserCounter } from './pass/countUsers.ts';
import type { PassHolder } from './pass/holder.ts';
import { clearAnswer, drawAnswer } from './tokens/answerPanel.ts';
import { TokenPanel } from './tokens/tokenPanel.ts';
import { decodeToken } from './words/decodeToken.ts';
import { type Step, stepOf } from './words/describeRequest.ts';
import { describeIdentityToken } from './words/describeToken.ts';

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
