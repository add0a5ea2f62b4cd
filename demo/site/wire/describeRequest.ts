import { accessTokenType } from '../../../src/protocol/messages.ts';
import { challengePath, identityPath, revokePath, tokenPath } from '../../../src/protocol/wire.ts';
import { type Exchange, type Sent, textOf } from './exchange.ts';

/** The step of the flow that a request is. */
export type Step =
  | 'challenge'
  | 'sign-up'
  | 'log-in'
  | 'exchange'
  | 'renewal'
  | 'revocation'
  | 'call'
  | 'other';

export function stepOf({ method, path, form }: Sent): Step {
  const [pathname = ''] = path.split('?');
  if (pathname === challengePath) return 'challenge';
  if (pathname === `${identityPath}/signup`) return 'sign-up';
  if (pathname === `${identityPath}/token`) return 'log-in';
  if (pathname === tokenPath) return form?.subject_token_type === accessTokenType ? 'renewal' : 'exchange';
  if (pathname === revokePath && method === 'POST') return 'revocation';
  return pathname.startsWith('/api/') ? 'call' : 'other';
}

const purposes: Readonly<Record<Step, string>> = {
  challenge: 'Asks what a sign-up has to bring; a proof of work starts from what comes back.',
  'sign-up': 'Signs up a throwaway user. Its e-mail is random and can never receive mail.',
  'log-in': 'Logs the throwaway user in. Identity answers with its token.',
  exchange: 'Exchanges that token: the broker checks it, deletes the user and issues the pass.',
  renewal: 'Renews the pass: the same session, no sign-up.',
  revocation: 'Ends the session. The gate refuses its passes from now on.',
  call: 'Calls the API. The gate verifies the pass, counts the call and hands it on; the API verifies the pass too.',
  other: 'A request of this page.',
};

/** What a request is for, or why it was refused. */
export function describeRequest({ request, answer }: Pick<Exchange, 'request'> & Partial<Exchange>): string {
  if (!answer || (answer.status >= 200 && answer.status < 300)) return purposes[stepOf(request)];
  if (answer.status === 0) return 'No answer came.';
  const code = textOf(answer.body, 'code');
  const words = ['error_description', 'detail', 'msg']
    .map((member) => textOf(answer.body, member))
    .find(Boolean);
  const reason = [code, words].filter(Boolean).join(': ');
  return `Refused. ${(reason || 'The answer does not say why').replace(/\.?$/, '.')}`;
}
