import type { Prove, Session, SessionError } from '../../../client/index.ts';
import type { SweepResponse } from '../../../src/protocol/messages.ts';
import type { Controls } from '../controls.ts';
import { byId, write } from '../dom.ts';
import { plainFetch, textOf } from '../wire/exchange.ts';
import { durationInWords, milliseconds } from '../words.ts';
import type { Stack } from './stack.ts';
import type { UserCounter } from './users.ts';
import { newVisitor } from './visitor.ts';

const saysIn = 'orphans-said';
/** The client's back-off after one failure is 1 s; after several failures, or over a limit, it is too long to wait for. */
const longestWaitMilliseconds = 2000;

/** What means nothing where no exchange can be killed. */
const onlyWithKills = ['kill', 'recover', 'killed-row', 'recovered-row', 'aged-note'] as const;

/**
 * How the broker refuses the user of a killed exchange, whose redemption is reserved. A browser sends again what broke on a
 * connection that it had used before, and this is the answer to that.
 */
const resentCode = 'already_exchanged';

/** A visitor whose exchange dies, and who comes again; the orphan that stays, and the sweep. */
export class OrphanPanel {
  readonly #users: UserCounter;
  readonly #prove: Prove;
  #visitor: Session;
  /** `performance.now()` until which the visitor's client makes no other try. */
  #waitUntil = 0;

  constructor(controls: Controls, stack: Stack, users: UserCounter, prove: Prove) {
    this.#users = users;
    this.#prove = prove;
    this.#visitor = newVisitor(prove);
    controls.bind('kill', () => this.#kill(), { saysIn });
    controls.bind('recover', () => this.#recover(), { saysIn });
    controls.bind('sweep', () => this.#sweep(), { saysIn, listed: false });
    const { canKill } = stack.state;
    byId('orphans-fixed').hidden = canKill;
    for (const id of onlyWithKills) byId(id).hidden = !canKill;
    write(
      byId('orphans-fixed'),
      'No exchange of this stack can be killed; under npm start one can. The sweep works here too.',
    );
  }

  async #kill(): Promise<string> {
    await request('/dev/kill');
    this.#visitor = newVisitor(this.#prove);
    for (const id of ['recovered', 'swept']) write(byId(id), '–');
    try {
      await this.#visitor.token();
    } catch (error) {
      return this.#died(error as SessionError);
    }
    write(byId('killed'), 'Not killed');
    return 'The exchange went through: nothing was killed.';
  }

  /** @throws {SessionError} that of a sign-up or an exchange that did not come as far */
  #died(error: SessionError): string {
    const { code, status, retryAfterSeconds = 0 } = error;
    const isResent = code === resentCode;
    write(
      byId('killed'),
      isResent ? `${status} ${code}` : status === undefined ? 'No answer' : 'Not killed yet',
    );
    this.#waitUntil = performance.now() + retryAfterSeconds * 1000;
    this.#users.count();
    if (isResent)
      return 'The broker died half-way; the browser asked again by itself, in vain. One user stayed behind.';
    if (status !== undefined) throw error;
    return 'The broker died with the exchange half done. One throwaway user stayed behind.';
  }

  async #recover(): Promise<string> {
    const waitMilliseconds = Math.max(0, this.#waitUntil - performance.now());
    if (waitMilliseconds > longestWaitMilliseconds) {
      throw new Error(`The client was told to wait another ${durationInWords(waitMilliseconds / 1000)}.`);
    }
    write(byId('recovered'), 'Waiting…');
    await new Promise((end) => setTimeout(end, waitMilliseconds));
    const startedAt = performance.now();
    await this.#visitor.token().catch((error: SessionError) => {
      write(byId('recovered'), error.code ?? 'Failed');
      this.#waitUntil = performance.now() + (error.retryAfterSeconds ?? 0) * 1000;
      throw error;
    });
    write(byId('recovered'), `A pass, in ${milliseconds(performance.now() - startedAt)}`);
    // An exchange sweeps a few along, after its answer.
    setTimeout(() => this.#users.count(), 1000);
    return 'The visitor signed up again and has a pass.';
  }

  async #sweep(): Promise<string> {
    write(byId('swept'), 'Sweeping…');
    const swept = (await request('/dev/sweep')) as SweepResponse;
    write(byId('swept'), sweepInWords(swept));
    write(byId('sweep-note'), swept.note);
    this.#users.count();
    return swept.done ? 'The sweep has seen every user.' : 'The sweep has more to see: run it again.';
  }
}

/** @throws {Error} in the words of who refuses */
async function request(path: string): Promise<unknown> {
  const response = await plainFetch(path, { method: 'POST', cache: 'no-store' });
  const text = await response.text();
  const body: unknown = text === '' ? undefined : JSON.parse(text);
  if (response.ok) return body;
  throw new Error(textOf(body, 'detail') ?? `${path} answered ${response.status}.`);
}

/** The totals of a sweep: "12 seen, 1 deleted, 11 kept". */
export function sweepInWords({ seen, deleted, gone, kept, failed, unread, done }: SweepResponse): string {
  const totals = [`${seen} seen`, `${deleted} deleted`, `${kept} kept`];
  if (gone > 0) totals.push(`${gone} already gone`);
  if (failed > 0) totals.push(`${failed} not deleted now`);
  if (unread > 0) totals.push(`${unread} not readable, named in the log`);
  if (!done) totals.push('more to see');
  return totals.join(', ');
}
