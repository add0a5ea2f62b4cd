import { jwtTokenType, proofField, tokenExchangeGrant } from '../../../src/protocol/messages.ts';
import { identityPath, tokenPath } from '../../../src/protocol/wire.ts';
import { type Exchange, type Send, textOf } from '../wire/exchange.ts';

/** The set-up of an attack was refused. */
export class SetupError extends Error {
  readonly exchange: Exchange;

  constructor(exchange: Exchange) {
    super('The set-up of an attack was refused.');
    this.name = 'SetupError';
    this.exchange = exchange;
  }
}

export interface LabMember {
  id: string;
  identityToken: string;
}

/** What attackers have at hand. What returns a pass, a token or a member throws a {@link SetupError} when refused. */
export interface LabKit {
  send: Send;
  /** Signs up and logs in a throwaway user, as any program can, and returns its Identity token. */
  identityToken(): Promise<string>;
  /** Sends the exchange that the client would send. */
  exchange(identityToken: string): Promise<Exchange>;
  /** The pass of a session that has made no call yet, used by one attack. */
  freshPass(): Promise<string>;
  /** Keeps an unused pass for another attack: each exchange counts against the limit of this IP address. */
  keepPass(exchanged: Exchange): void;
  /** A pass that several attacks use. */
  sharedPass(): Promise<string>;
  /** A token that only the holder of the stack's secrets can make. */
  forge(forgery: string): Promise<string>;
  createMember(): Promise<LabMember>;
  deleteMember(id: string): Promise<void>;
  /** How often the stack has asked Redis so far; undefined where they are not counted. */
  roundTrips(): Promise<number | undefined>;
}

interface Pass {
  token: string;
  /** `performance.now()` until which it is safe to use. */
  goodUntil: number;
}

const marginSeconds = 60;

/**
 * @param makeProof makes what a sign-up must bring. Default: nothing
 * @param roundTrips counts the requests to Redis. Default: not counted
 */
export function createLabKit(
  send: Send,
  makeProof?: () => Promise<string | undefined>,
  roundTrips: LabKit['roundTrips'] = async () => undefined,
): LabKit {
  const spare: Pass[] = [];
  let shared: Pass | undefined;

  async function expect<T>(exchange: Promise<Exchange>): Promise<T> {
    const done = await exchange;
    const { status, body } = done.answer;
    if (status < 200 || status >= 300) throw new SetupError(done);
    return body as T;
  }

  const kit: LabKit = {
    send,
    roundTrips,

    async identityToken() {
      const [username, password] = [`lab-${crypto.randomUUID()}@visitor.invalid`, crypto.randomUUID()];
      const headers = { 'Content-Type': 'application/json' };
      const proof = await makeProof?.();
      const data = proof && { [proofField]: proof };
      const body = JSON.stringify({ email: username, password, data });
      await expect(send('POST', `${identityPath}/signup`, { headers, body }));
      const form = new URLSearchParams({
        grant_type: 'password',
        username,
        password,
      });
      const answer = await expect<{ access_token: string }>(
        send('POST', `${identityPath}/token`, { body: form }),
      );
      return answer.access_token;
    },

    exchange(identityToken) {
      const body = new URLSearchParams({
        grant_type: tokenExchangeGrant,
        subject_token_type: jwtTokenType,
        subject_token: identityToken,
      });
      return send('POST', tokenPath, { body });
    },

    async freshPass() {
      while (spare.length > 0) {
        const pass = spare.shift();
        if (isGood(pass)) return pass.token;
      }
      return passOf(await newExchange()).token;
    },

    keepPass(exchanged) {
      if (exchanged.answer.status === 200) spare.push(passOf(exchanged));
    },

    async sharedPass() {
      if (!isGood(shared)) shared = passOf(await newExchange());
      return shared.token;
    },

    async forge(forgery) {
      return (await expect<{ token: string }>(send('GET', `/dev/forgeries/${forgery}`))).token;
    },

    createMember: () => expect<LabMember>(send('POST', '/dev/members')),

    async deleteMember(id) {
      // A broker that deleted the member has left nothing to delete; the attack has seen it.
      await send('DELETE', `/dev/members/${id}`);
    },
  };

  async function newExchange(): Promise<Exchange> {
    const exchanged = await kit.exchange(await kit.identityToken());
    if (exchanged.answer.status !== 200) throw new SetupError(exchanged);
    return exchanged;
  }

  return kit;
}

function passOf({ answer }: Exchange): Pass {
  const { expires_in: expiresInSeconds = 0 } = answer.body as {
    expires_in?: number;
  };
  return {
    token: textOf(answer.body, 'access_token') ?? '',
    goodUntil: performance.now() + (expiresInSeconds - marginSeconds) * 1000,
  };
}

function isGood(pass: Pass | undefined): pass is Pass {
  return pass !== undefined && performance.now() < pass.goodUntil;
}
