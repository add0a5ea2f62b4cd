import type { Reply } from './hook.ts';

const roles = (...names: string[]) => ({ app_metadata: { provider: 'email', roles: names } });

/** What the site must have replied for a "hook: …" case to be answered as it was, by event. */
export const repliesOf: Record<string, Record<string, Reply>> = {
  'hook: validate denies with 401': { validate: { status: 401 } },
  'hook: validate denies with 422': { validate: { status: 422 } },
  'hook: validate 500': { validate: { status: 500 } },
  'hook: denied user leaves no row': { validate: { status: 401 } },
  'hook: the same e-mail can sign up after a denial': {},
  'hook: validate sets app_metadata': { validate: { status: 200, body: roles('anonymous') } },
  'hook: roles are in the token': {},
  'hook: validate replaces user_metadata': { validate: { status: 200, body: { user_metadata: { new: 1 } } } },
  'hook: signup sets roles without provider': {
    signup: { status: 200, body: { app_metadata: { roles: ['member'] } } },
  },
  'hook: signup denies': { signup: { status: 401 } },
  'hook: login denies': { login: { status: 401 } },
  'hook: login sets app_metadata': { login: { status: 202, body: roles('late') } },
  'hook: malformed JSON answer': { validate: { status: 200, body: '{' } },
  'hook: empty 200': { validate: { status: 200 }, signup: { status: 200 } },
  "hook: modified denies an admin's update": { usermodified: { status: 401 } },
  'hook: modified answers with other metadata': {
    usermodified: { status: 200, body: { user_metadata: { from: 'hook' } } },
  },
  'hook: deleted denies': { userdeleted: { status: 401 } },
  'user, update own data, with modified denying': { usermodified: { status: 401 } },
  'hook: 204': { validate: { status: 204 }, signup: { status: 204 } },
};
