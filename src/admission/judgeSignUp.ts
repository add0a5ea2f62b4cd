import type { DeniableEvent, HandlerResult, UnconfirmedUser } from '../identity/events.ts';
import { hasThrowawayEmail, throwawayRole } from '../identity/throwaway.ts';
import type { ErrorCode } from '../protocol/codes.ts';
import { DaypassError } from '../protocol/error.ts';
import type { Log } from '../protocol/log.ts';
import { proofField } from '../protocol/messages.ts';
import type { ProofMethod } from './proofMethod.ts';

type SignUpEvent = DeniableEvent<UnconfirmedUser>;
type Validate = (event: SignUpEvent) => HandlerResult;

export interface SignUpRules {
  /** Domain of throwaway e-mails, in lower case. */
  emailDomain: string;
  /** Whether anybody else may sign up. */
  members: 'allow' | 'deny';
  /** The proof that throwaway users bring; rejects with `not_configured` where the environment is at fault. */
  proof(): Promise<ProofMethod>;
  log: Log;
}

/** Where the next of Identity's three tries may go better. */
const worthAnotherTry: readonly ErrorCode[] = [
  'store_unavailable',
  'turnstile_unavailable',
  'internal_error',
];

/** Merged into what Identity has of the user: `provider` stays, the proof has done its duty. */
const admitted = { roles: [throwawayRole], userMetadata: { [proofField]: null } };

/**
 * Decides which users may be created. Throwaway users need the proof, and are marked; everybody else is none of our
 * business, unless the site has no members.
 * @param validate the site's own handler; it sees members alone
 */
export function createSignUpJudge(rules: SignUpRules, validate?: Validate): Validate {
  const { emailDomain, members, proof, log } = rules;

  function deny(event: SignUpEvent, code: ErrorCode): undefined {
    log('admission_denied', { code });
    return event.deny();
  }

  async function judgeThrowaway(event: SignUpEvent): Promise<typeof admitted | undefined> {
    try {
      const { id, userMetadata } = event.user;
      await (await proof()).verify(userMetadata?.[proofField], id);
      return admitted;
    } catch (thrown) {
      const { code, message } = asDaypassError(thrown);
      if (!worthAnotherTry.includes(code)) return deny(event, code);
      log('admission_failed', { code, reason: message });
      // The platform may put what is thrown into its answer: the bare code, and nothing of its causes.
      throw new DaypassError(code);
    }
  }

  return (event) => {
    if (hasThrowawayEmail(event.user.email, emailDomain)) return judgeThrowaway(event);
    if (members === 'deny') return deny(event, 'members_denied');
    return validate?.(event);
  };
}

function asDaypassError(thrown: unknown): DaypassError {
  return thrown instanceof DaypassError
    ? thrown
    : new DaypassError('internal_error', { detail: String(thrown) });
}
