import { setTimeout as sleep } from 'node:timers/promises';
import { jwtTokenType, tokenExchangeGrant } from '../../src/protocol/messages.ts';
import { tokenPath } from '../../src/protocol/wire.ts';
import { outcomeOf, send } from './send.ts';
import type { AbuseServer } from './server.ts';

const password = 'correct-horse-battery';
const maxWaits = 5;

/** Signs a throwaway user up from an address of this machine, and logs it in. @throws Error when Identity refuses */
export async function logInFrom({ identityUrl }: AbuseServer, from: string): Promise<string> {
  const email = `${crypto.randomUUID()}@visitor.invalid`;
  const signUp = { method: 'POST', body: JSON.stringify({ email, password }), from };
  const signedUp = await send(`${identityUrl}/signup`, signUp);
  const body = new URLSearchParams({ grant_type: 'password', username: email, password });
  const loggedIn = await send(`${identityUrl}/token`, { method: 'POST', body, from });
  const token = /"access_token":"([^"]+)"/.exec(loggedIn.text)?.[1];
  if (token === undefined) throw new Error(`${from}: ${outcomeOf(signedUp)}, ${outcomeOf(loggedIn)}`);
  return token;
}

/** Sends one exchange from an address of this machine. */
export function exchangeFrom({ url }: AbuseServer, from: string, token: string) {
  const body = new URLSearchParams({
    grant_type: tokenExchangeGrant,
    subject_token: token,
    subject_token_type: jwtTokenType,
  });
  return send(url + tokenPath, { method: 'POST', body, from });
}

/** A token that looks like Identity's until Identity is called: it is not signed. */
export function unsignedToken(): string {
  const header = { alg: 'HS256', typ: 'JWT', kid: 'nf-ident' };
  const claims = { exp: Math.floor(Date.now() / 1000) + 3600, sub: crypto.randomUUID() };
  return [JSON.stringify(header), JSON.stringify(claims), crypto.randomUUID()]
    .map((part) => Buffer.from(part).toString('base64url'))
    .join('.');
}

/** What an honest visitor met on the way to its pass. */
export interface Visit {
  gotPass: boolean;
  /** What its exchanges and its call ended in, in order. */
  outcomes: string[];
  waitedSeconds: number;
}

/** An honest visitor: signs up, exchanges, calls the API, and waits as long as Retry-After says. */
export async function visit(server: AbuseServer, from: string): Promise<Visit> {
  const token = await logInFrom(server, from);
  const outcomes: string[] = [];
  let waitedSeconds = 0;
  for (let tries = 0; tries <= maxWaits; tries += 1) {
    const answer = await exchangeFrom(server, from, token);
    outcomes.push(outcomeOf(answer));
    const pass = /"access_token":"([^"]+)"/.exec(answer.text)?.[1];
    if (pass !== undefined) {
      const headers = { authorization: `Bearer ${pass}` };
      outcomes.push(outcomeOf(await send(`${server.url}/api/hello`, { headers, from })));
      return { gotPass: true, outcomes, waitedSeconds };
    }
    const seconds = Number(answer.headers['retry-after']);
    if (!(seconds > 0) || tries === maxWaits) break;
    waitedSeconds += seconds;
    await sleep(seconds * 1000);
  }
  return { gotPass: false, outcomes, waitedSeconds };
}
