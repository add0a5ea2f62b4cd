import type { ProofMethod } from '../admission/proofMethod.ts';
import { createSignUpHandlers } from '../admission/signUpHandlers.ts';
import {
  assertHandlers,
  defineIdentityEvents,
  type IdentityEventFunctions,
} from '../identity/defineEvents.ts';
import type { EventName, IdentityEventHandlers } from '../identity/events.ts';
import { requirePolicy } from '../policy/define.ts';
import type { CheckedAdmission, Policy } from '../policy/types.ts';
import { ConfigurationError, DaypassError } from '../protocol/error.ts';
import { readEnvironment } from './environment.ts';
import { logLine, readVariable } from './platform.ts';
import { wireProofMethod } from './wire.ts';

type NoHandlers = Readonly<Record<never, never>>;

/**
 * Event functions of a site that admits throwaway users: `userValidate` decides which users may be created, and marks the
 * throwaway ones. On a site whose policy has no `admission`, only your own handlers run.
 *
 * Netlify reads the source to find out which events a function handles, so the default export must be an object literal.
 *
 * The environment is read at the first sign-up of a throwaway user. If it is incomplete, the log says what is missing and no
 * throwaway user is created; members are not affected.
 * @param policy made by `definePolicy`
 * @param handlers your own, as for `defineIdentityEvents`. Throwaway users never reach them; with `members: 'deny'` no user
 * reaches `validate`
 * @throws {ConfigurationError} a TypeError: a policy that `definePolicy` did not make, an unknown handler, or one that is not a
 * function
 * @example
 * ```ts
 * // netlify/functions/identity.ts
 * import { createIdentityFunction } from 'daypass/netlify';
 * import policy from '../../daypass.config.ts';
 *
 * const { userValidate } = createIdentityFunction(policy);
 *
 * export default { userValidate };
 * ```
 */
export function createIdentityFunction<Handlers extends IdentityEventHandlers = NoHandlers>(
  policy: Policy,
  handlers?: Handlers & { [Name in Exclude<keyof Handlers, EventName>]: never },
): IdentityEventFunctions<Handlers & { validate: unknown }> {
  requirePolicy('createIdentityFunction', policy);
  assertHandlers('createIdentityFunction', handlers ?? {});
  const { admission, throwaway } = policy;
  const rules = admission && {
    members: admission.members,
    proofMethod: readOnce(() => readProofMethod(policy, admission)),
  };
  const signUp = { emailDomain: throwaway.emailDomain, admission: rules, log: logLine };
  // The compiler cannot follow the names through the wrapping.
  return defineIdentityEvents(createSignUpHandlers(signUp, handlers)) as IdentityEventFunctions<
    Handlers & { validate: unknown }
  >;
}

function readOnce<T>(read: () => Promise<T>): () => Promise<T> {
  let value: Promise<T> | undefined;
  return () => {
    value ??= read();
    return value;
  };
}

async function readProofMethod(policy: Policy, admission: CheckedAdmission): Promise<ProofMethod> {
  try {
    return wireProofMethod(admission, await readEnvironment(policy, readVariable));
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    for (const problem of error.problems) logLine('not_configured', { problem });
    throw new DaypassError('not_configured');
  }
}
