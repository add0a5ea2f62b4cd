import type { ChallengeResponse } from '../../src/protocol/messages.ts';
import { askBroker } from '../askBroker.ts';
import { SessionError } from '../errors.ts';
import type { ProofContext } from '../makeProof.ts';
import { askTurnstile } from './turnstile.ts';
import { work } from './work.ts';

/**
 * Makes the proof that the site asks for: `createSession({ prove })`. Work is done in workers, so that the page
 * stays quick; where there are none (in a service worker) it is done in place.
 * @returns undefined when the site asks for none
 * @throws SessionError of the request for the challenge; `proof_expired` when two challenges in a row expired before
 *   they were solved; `proof_failed` and `turnstile_unavailable`, whose `reason` tells more
 */
export async function prove(context: ProofContext): Promise<string | undefined> {
  const startedAt = performance.now();
  const proof = await make(context, false);
  if (proof) context.report({ fraction: 1, milliseconds: Math.round(performance.now() - startedAt) });
  return proof;
}

async function make({ brokerUrl, report }: ProofContext, isLast: boolean): Promise<string | undefined> {
  // The clock is read before the request: what the way takes can only make the challenge seem older than it is.
  const askedAt = Date.now();
  const url = `${brokerUrl}/challenge`;
  const challenge: ChallengeResponse = await askBroker(url);
  if (challenge.proof === 'none') return undefined;
  if (challenge.proof === 'turnstile') return askTurnstile(challenge.site_key);
  if (challenge.proof !== 'proof-of-work') {
    throw new SessionError('This is not the broker', { code: 'broker_not_found', status: 200, url });
  }

  report({ fraction: 0 });
  const proof = await work(challenge, askedAt, report);
  if (proof || !isLast) return proof ?? make({ brokerUrl, report }, true);
  throw new SessionError('The challenge expired before it was solved', { code: 'proof_expired' });
}
