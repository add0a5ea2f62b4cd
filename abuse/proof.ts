import { prove } from '../client/proof/prove.ts';
import { proofField } from '../src/protocol/messages.ts';
import { exactly, none } from './support/figures.ts';
import { inParallel } from './support/inParallel.ts';
import { wideLimits } from './support/limits.ts';
import type { Measure } from './support/measure.ts';
import { pretend } from './support/pretendedProofs.ts';
import { outcomeOf, send } from './support/send.ts';
import { beginSession } from './support/visitor.ts';

const signUps = 10_000;
const crowd = 50;
/** What GoTrue answers when the site's event function denies (docs/admission.md). */
const denied = '{"code":422,"msg":"Failed to handle signup webhook"}';

/** No proof, no row; one proof, one row. */
export const proof: Measure = {
  name: 'proof',
  what: 'Sign-ups of throwaway users where the site asks for a proof of work',
  async run({ chance, startServer }) {
    const server = await startServer({
      policy: {
        admission: { proof: 'proof-of-work', proofOfWork: { difficulty: 100, maxDifficulty: 100 } },
        limits: wideLimits(),
      },
    });
    const { users } = server.identity;
    const signUp = async (body: string) => {
      const answer = await send(`${server.identityUrl}/signup`, { method: 'POST', body });
      return answer.text.trim() === denied ? 'denied' : outcomeOf(answer);
    };
    const withProof = (name: string, given: string | undefined) =>
      signUp(
        JSON.stringify({ email: `${name}@visitor.invalid`, password: 'x', data: { [proofField]: given } }),
      );
    const solve = () => prove({ brokerUrl: `${server.url}/session`, report: () => undefined });

    const attempts = await inParallel(signUps, 16, (index) => signUp(pretend(chance, index)));
    const rows = users.count();
    const solved = await solve();
    const first = await withProof('first', solved);
    const rowsOfOne = users.count();
    const second = await withProof('second', solved);
    const rowsOfTwo = users.count();
    const shared = await solve();
    const atOnce = await inParallel(crowd, crowd, (index) => withProof(`crowd${index}`, shared));
    const rowsOfCrowd = users.count() - rowsOfTwo;
    const held = await beginSession(server.url, server.identityUrl, await solve());
    const headers = { authorization: `Bearer ${held.access_token}` };
    const call = outcomeOf(await send(`${server.url}/api/hello`, { headers }));
    return [
      none('sign-ups without a proof that were not answered as documented', attempts, 'denied'),
      exactly('rows that they left', rows, 0),
      none('sign-ups with a solved proof, refused', [first], '200'),
      exactly('rows that it left', rowsOfOne, 1),
      none('the same proof for another user, not denied', [second], 'denied'),
      exactly('rows then', rowsOfTwo, 1),
      exactly(`rows of ${crowd} users at once with one proof`, rowsOfCrowd, 1),
      exactly('… of whom so many were let in', atOnce.filter((outcome) => outcome === '200').length, 1),
      none('calls refused of a visitor with a proof of its own', [call], '200'),
    ];
  },
};
