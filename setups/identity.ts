import { randomBytes } from 'node:crypto';
import { startDevIdentity } from '../dev/identity/start.ts';
import { listen } from '../dev/listen.ts';
import type { NamedSetup } from './setups.ts';
import { withPolicy } from './support/siteFiles.ts';
import type { Setup } from './support/stand.ts';

const newSecret = () => randomBytes(32).toString('base64url');

const webhookSecret = newSecret();

/** A GoTrue of one's own, whose events go to the site, as its owner set it up. */
const ownGoTrue =
  (change: {
    operatorToken?: string;
    webhookSecret?: string;
    audience?: string;
    jwtSecret?: string;
  }): NonNullable<Setup['around']> =>
  async (site) => {
    const identity = await startDevIdentity({
      webhookSecret: change.webhookSecret ?? webhookSecret,
      ...(change.audience !== undefined && { audience: change.audience }),
      events: {
        target: (request) =>
          fetch(`${site().url}/.netlify/functions/identity`, {
            method: 'POST',
            headers: request.headers,
            body: request.body,
            duplex: 'half',
          } as RequestInit),
        names: ['validate'],
      },
    });
    return {
      variables: {
        IDENTITY_URL: identity.url,
        IDENTITY_OPERATOR_TOKEN: change.operatorToken ?? identity.operatorToken,
        IDENTITY_WEBHOOK_SECRET: webhookSecret,
        ...(change.jwtSecret !== undefined && { IDENTITY_JWT_SECRET: change.jwtSecret }),
      },
      close: identity.close,
    };
  };

/** Answers in Identity's place. */
const inPlaceOfIdentity =
  (answer: (path: string) => Response | undefined): NonNullable<Setup['around']> =>
  async () => {
    const identity = await startDevIdentity();
    const front = await listen((request) => {
      const { pathname, search } = new URL(request.url);
      return (
        answer(pathname) ??
        fetch(identity.url + pathname + search, { method: request.method, headers: request.headers })
      );
    });
    return {
      variables: { IDENTITY_URL: front.url, IDENTITY_OPERATOR_TOKEN: identity.operatorToken },
      close: async () => {
        await front.close();
        await identity.close();
      },
    };
  };

const settings = { external: { email: false }, disable_signup: false, autoconfirm: true };

/** Identity, the guard in front of it, and the events that it sends. */
export const identitySetups: readonly NamedSetup[] = [
  {
    name: 'healthy, a GoTrue of one’s own with admission',
    expected: undefined,
    around: ownGoTrue({}),
    site: { policy: { admission: {} } },
    doctor: { variables: { IDENTITY_WEBHOOK_SECRET: webhookSecret } },
  },
  {
    name: 'Identity off',
    expected: 'identity_not_found',
    isQuick: true,
    around: inPlaceOfIdentity(() => new Response('Not Found', { status: 404 })),
  },
  {
    name: 'closed registration',
    expected: 'registration_closed',
    isQuick: true,
    identity: { registration: 'closed' },
  },
  { name: 'autoconfirm off', expected: 'autoconfirm_off', isQuick: true, identity: { autoconfirm: false } },
  {
    name: 'e-mail sign-up off',
    expected: 'email_sign_up_off',
    around: inPlaceOfIdentity((path) => (path === '/settings' ? Response.json(settings) : undefined)),
  },
  {
    name: 'wrong operator token',
    expected: 'operator_token_refused',
    around: ownGoTrue({ operatorToken: newSecret() }),
  },
  {
    name: 'an audience of Identity that the policy does not name',
    expected: 'identity_audience_differs',
    around: ownGoTrue({ audience: 'members' }),
  },
  {
    name: 'wrong key of Identity’s tokens',
    expected: 'identity_jwt_secret_differs',
    around: ownGoTrue({ jwtSecret: newSecret() }),
  },
  {
    name: 'wrong webhook secret',
    expected: 'webhook_secret_differs',
    around: ownGoTrue({ webhookSecret: newSecret() }),
    site: { policy: { admission: {} } },
    doctor: { variables: { IDENTITY_WEBHOOK_SECRET: webhookSecret } },
  },
  { name: 'guard missing', expected: 'guard_missing', isQuick: true, site: { entries: { guard: null } } },
  {
    name: 'event function missing',
    expected: 'event_function_not_called',
    isQuick: true,
    site: { policy: { admission: {} }, entries: { identity: null } },
  },
  {
    name: 'event function not called',
    expected: 'event_function_not_called',
    site: {
      policy: { admission: {} },
      entries: {
        identity: `${withPolicy}const { userValidate } = createIdentityFunction(policy);\nexport default { userLogin: () => undefined };\nexport { userValidate };\n`,
      },
    },
  },
  {
    name: 'event function that denies everybody',
    expected: 'admission_denied',
    site: { entries: { identity: 'export default { userValidate: (event) => event.deny() };\n' } },
  },
  {
    name: 'log-in handler that fails',
    expected: 'log_in_failed',
    site: { entries: { identity: "export default { userLogin() { throw new Error('no'); } };\n" } },
  },
  {
    name: 'a handler that gives throwaway users a role',
    expected: 'not_throwaway',
    site: {
      entries: {
        identity:
          "export default { userValidate: ({ user }) => ({ user: { ...user, appMetadata: { ...user.appMetadata, roles: ['reader'] } } }) };\n",
      },
    },
  },
];
