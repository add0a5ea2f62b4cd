import { isSweepable } from '../../identity/throwaway.ts';
import type { IdentityUser } from '../../identity/user.ts';
import { throwawayRule } from '../dependencies.ts';
import { listPage } from './listPage.ts';
import type { Place } from './place.ts';
import type { SweepRun } from './run.ts';

/** Where a page led to. */
export interface PageOutcome {
  next: Place;
  /** `end`: the list was seen to its end; `unlisted`: Identity does not list this audience. */
  state: 'more' | 'end' | 'unlisted';
}

/**
 * Looks at one page of the list and deletes those who may be swept, oldest first.
 * @param mostPerPage users to ask for at once: see `listPage`
 * @throws {DaypassError} `identity_unavailable`: there was no list, and nothing was deleted
 */
export async function sweepPage(run: SweepRun, place: Place, mostPerPage: number): Promise<PageOutcome> {
  const { policy, now } = run.broker;
  const { audience, position } = place;
  const rule = { ...throwawayRule(policy), audience };
  const listed = await listPage(run, place, mostPerPage);
  if (!listed) return { next: { ...place, filtered: false }, state: 'more' };
  // Where X-JWT-AUD does not come through, Identity lists its default audience.
  if (listed.audience !== audience) return { next: place, state: 'unlisted' };

  const users = listed.users.slice(position - listed.start);
  const orphans = new Set(users.filter((user) => isSweepable(user, rule, now())).map(idOf));
  const again = new Set([...orphans].filter((id) => run.hasTried(id)));
  const left = await run.delete([...orphans].filter((id) => !again.has(id)));

  let staying = 0;
  let state: PageOutcome['state'] = listed.isLast ? 'end' : 'more';
  for (const id of users.map(idOf)) {
    // The place must not pass anybody who is yet to be deleted.
    if (left.has(id) && !(run.passesFailed && run.hasTried(id))) {
      state = 'more';
      break;
    }
    if (!orphans.has(id)) run.kept += 1;
    // Whose DELETE failed is passed at second sight, when the list shows that the user is still there.
    if (!orphans.has(id) || again.has(id) || left.has(id)) staying += 1;
  }
  return { next: { ...place, position: position + staying }, state };
}

/** What is no record has no id, and nobody to delete has none. */
function idOf(user: unknown): string {
  return (user as Partial<IdentityUser> | null)?.id ?? '';
}
