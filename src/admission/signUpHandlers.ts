import type {
  DeniableEvent,
  HandlerResult,
  IdentityEvent,
  IdentityEventHandlers,
  UnconfirmedUser,
} from '../identity/events.ts';
import { hasThrowawayEmail, throwawayRole } from '../identity/throwaway.ts';
import type { ErrorCode } from '../protocol/codes.ts';
import { DaypassError } from '../protocol/error.ts';
import type { Log } from '../protocol/log.ts';
import { proofField } from '../protocol/messages.ts';
import type { ProofMethod } from './proofMethod.ts';

export interface AdmissionRules {
  /** Whether members may sign up. */
  members: 'allow' | 'deny';
  /** How throwaway users prove their sign-up; rejects with `not_configured` if the environment is incomplete. */
  proofMethod(): Promise<ProofMethod>;
}

interface SignUpOptions {
  /** Domain of throwaway e-mails, in lower case. */
  emailDomain: string;
  /** Undefined for a site without admission: no user is marked or denied. */
  admission: AdmissionRules | undefined;
  log: Log;
}

type SignUpEvent = DeniableEvent<UnconfirmedUser>;

/** Identity's next try may succeed. */
const retryable: readonly ErrorCode[] = ['store_unavailable', 'turnstile_unavailable', 'internal_error'];

/** Merged into the user's metadata: `provider` stays, and the proof is removed. */
const admitted = { roles: [throwawayRole], userMetadata: { [proofField]: null } };

/**
 * Event handlers that decide which users may be created. A throwaway user needs a proof, and is marked; everyone else is a
 * member and goes to the site's own handlers, unless the site has no members.
 *
 * Throwaway users never reach the site's handlers: with a role they would be members and could not be exchanged, and each
 * exchange waits for `deleted`.
 * @param handlers the site's own, for members
 */
export function createSignUpHandlers(
  { emailDomain, admission, log }: SignUpOptions,
  handlers: IdentityEventHandlers = {},
): IdentityEventHandlers & Required<Pick<IdentityEventHandlers, 'validate'>> {
  const hasThrowawayDomain = ({ user }: IdentityEvent) => hasThrowawayEmail(user.email, emailDomain);

  function deny(event: SignUpEvent, code: ErrorCode): undefined {
    log('admission_denied', { code });
    return event.deny();
  }

  async function admit(
    event: SignUpEvent,
    { proofMethod }: AdmissionRules,
  ): Promise<typeof admitted | undefined> {
    try {
      const { id, userMetadata } = event.user;
      await (await proofMethod()).verify(userMetadata?.[proofField], id);
      return admitted;
    } catch (thrown) {
      const { code, message } = asDaypassError(thrown);
      if (!retryable.includes(code)) return deny(event, code);
      log('admission_failed', { code, reason: message });
      // The platform may answer with whatever is thrown, so only the code: no message, no cause.
      throw new DaypassError(code);
    }
  }

  const forMembers = Object.entries(handlers).map(([name, handler]) => {
    const handle = handler as (event: IdentityEvent) => HandlerResult;
    return [name, (event: IdentityEvent) => (hasThrowawayDomain(event) ? undefined : handle(event))];
  });
  return {
    ...Object.fromEntries(forMembers),
    validate(event) {
      if (hasThrowawayDomain(event)) return admission && admit(event, admission);
      if (admission?.members === 'deny') return deny(event, 'members_denied');
      return handlers.validate?.(event);
    },
  };
}

function asDaypassError(thrown: unknown): DaypassError {
  return thrown instanceof DaypassError
    ? thrown
    : new DaypassError('internal_error', { detail: String(thrown) });
}
