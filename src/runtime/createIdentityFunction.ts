import { createSignUpJudge } from '../admission/judgeSignUp.ts';
import { membersOnly } from '../admission/membersOnly.ts';
import type { ProofMethod } from '../admission/proofMethod.ts';
import { defineIdentityEvents, type IdentityEventFunctions } from '../identity/defineEvents.ts';
import type { IdentityEventHandlers } from '../identity/events.ts';
import { type EventName, eventNames } from '../identity/events.ts';
import { requirePolicy } from '../policy/mark.ts';
import type { CheckedAdmission, Policy } from '../policy/types.ts';
import { ConfigurationError, DaypassError } from '../protocol/error.ts';
import { assertKnownKeys } from '../protocol/knownKeys.ts';
import { readEnvironment } from './environment.ts';
import { logLine } from './log.ts';
import { readVariable } from './platform.ts';
import { wireProofMethod } from './wire.ts';

type NoHandlers = Readonly<Record<never, never>>;

/**
 * Event functions of a site that admits throwaway users: `userValidate` decides which may be created, and marks them. A
 * site whose policy has no `admission` gets its own handlers alone.
 *
 * Netlify reads from the source which events a function wants, so the default export must be an object literal:
 * ```ts
 * const { userValidate } = createIdentityFunction(policy);
 * export default { userValidate };
 * ```
 * The environment is read at the first sign-up of a throwaway user. Where it is at fault the log says what is missing,
 * and no throwaway user is created; members never notice.
 * @param policy made by `definePolicy`
 * @param handlers the site's own, as for `defineIdentityEvents`, for members: throwaway users never reach them, and with
 * `members: 'deny'` nobody reaches `validate`
 * @throws {ConfigurationError} a TypeError: the policy is none of `definePolicy`; an unknown handler, or one that is no
 * function
 */
export function createIdentityFunction<Handlers extends IdentityEventHandlers = NoHandlers>(
  policy: Policy,
  handlers?: Handlers & { [Name in Exclude<keyof Handlers, EventName>]: never },
): IdentityEventFunctions<Handlers & { validate: unknown }> {
  requirePolicy('createIdentityFunction', policy);
  assertKnownKeys('createIdentityFunction', handlers ?? {}, Object.keys(eventNames));
  const { admission, throwaway } = policy;
  const { emailDomain } = throwaway;
  const own: IdentityEventHandlers = membersOnly(handlers ?? {}, emailDomain);
  const validate = admission
    ? createSignUpJudge(
        { emailDomain, members: admission.members, proof: readProof(policy, admission), log: logLine },
        own.validate,
      )
    : (own.validate ?? (() => undefined));
  // The type that is built from the names that were given cannot be seen through the wrapping.
  return defineIdentityEvents({ ...own, validate }) as IdentityEventFunctions<
    Handlers & { validate: unknown }
  >;
}

function readProof(policy: Policy, admission: CheckedAdmission): () => Promise<ProofMethod> {
  let proof: Promise<ProofMethod> | undefined;
  return () => {
    proof ??= configure(policy, admission);
    return proof;
  };
}

async function configure(policy: Policy, admission: CheckedAdmission): Promise<ProofMethod> {
  try {
    return wireProofMethod(admission, await readEnvironment(policy, readVariable));
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    for (const problem of error.problems) logLine('not_configured', { problem });
    throw new DaypassError('not_configured');
  }
}
