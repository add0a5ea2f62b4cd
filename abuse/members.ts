import { createDevIdentity } from '../dev/identity/start.ts';
import { listen } from '../dev/listen.ts';
import { identityPath } from '../src/protocol/wire.ts';
import { exactly, none } from './support/figures.ts';
import { inParallel } from './support/inParallel.ts';
import { lifeOfMember } from './support/lifeOfMember.ts';
import type { Measure } from './support/measure.ts';
import { generateMember } from './support/members.ts';

const members = 1000;
/** What Identity does for every member. */
const allowed = ['sign-up', 'log-in', 'refresh', 'update', 'delete'];

/** Members, who are no throwaway users, notice nothing of Daypass. */
export const membersUntouched: Measure = {
  name: 'members',
  what: `${members} members with and without our event function and guard`,
  async run(context) {
    // The limits are those of a site that says nothing about them.
    const guarded = await context.startServer({ policy: { admission: { proof: 'proof-of-work' } } });
    const identity = createDevIdentity();
    const plain = await listen((request) => {
      const { pathname, search } = new URL(request.url);
      return identity.fetch(
        new Request(new URL(pathname.slice(identityPath.length) + search, request.url), request),
      );
    });
    context.defer(() => plain.close());
    const generated = Array.from({ length: members }, (_, index) => generateMember(context.chance, index));

    /** What each member was answered, by its steps. */
    const live = (url: string, operatorToken: string) =>
      inParallel(members, 16, (index) => {
        const from = `127.1.${index >> 8}.${index & 255}`;
        return lifeOfMember(generated[index] as (typeof generated)[number], { url, operatorToken, from });
      });
    const without = await live(plain.url + identityPath, identity.operatorToken);
    const withOurs = await live(guarded.identityUrl, guarded.operatorToken);
    const steps = Object.keys(without[0] ?? {});
    const worked = (life: Record<string, string>) =>
      allowed.every((step) => life[step]?.startsWith('200\n')) ? 'worked' : 'did not';
    return [
      none(`members for whom ${allowed.join(', ')} did not work`, without.map(worked), 'worked'),
      ...steps.map((step) =>
        none(
          `${step}: answers that differ in status, fields or body`,
          without.map((life, index) => (life[step] === withOurs[index]?.[step] ? 'same' : 'different')),
          'same',
        ),
      ),
      exactly('rows left without ours', identity.users.count(), 0),
      exactly('rows left with ours', guarded.identity.users.count(), 0),
    ];
  },
};
