import type { ChallengeResponse } from '../../src/protocol/messages.ts';
import { askBroker } from '../askBroker.ts';
import { SessionError } from '../errors.ts';
import type { ProofContext, Prove } from '../makeProof.ts';
import { askTurnstile } from './turnstile.ts';
import { work } from './work.ts';

/**
 * Makes a `prove`.
 * @param createWorker makes a worker that runs `solver.ts`, where the page finds it; what it throws is a reason to do
 *   without
 */
export function createProve(createWorker: () => Worker): Prove {
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
    const proof = await work(challenge, askedAt, report, createWorker);
    if (proof || !isLast) return proof ?? make({ brokerUrl, report }, true);
    throw new SessionError('The challenge expired before it was solved', { code: 'proof_expired' });
  }

  return async (context) => {
    const startedAt = performance.now();
    const proof = await make(context, false);
    if (proof) context.report({ fraction: 1, milliseconds: Math.round(performance.now() - startedAt) });
    return proof;
  };
}
