import type { SweepDependencies } from '../../../src/broker/sweep/sweepRun.ts';
import { createIdentityClient } from '../../../src/identity/client.ts';
import { type BrokerStack, type BrokerStackOptions, startBrokerStack } from '../../support/brokerStack.ts';
import { now } from '../../support/tokens.ts';

export type Planted = Parameters<BrokerStack['identity']['users']['plant']>[0];

/** How long ago somebody was created, as a field of a planted user. */
export function created(secondsAgo: number): { createdAt: string } {
  return { createdAt: new Date((now - secondsAgo) * 1000).toISOString() };
}

/** Those who come close to the sweep's rule, and must stay. */
export const closeToTheRule: Planted[] = [
  { email: 'young@visitor.invalid', ...created(20 * 60 + 59) },
  { email: 'exchanging@visitor.invalid', ...created(5) },
  { email: 'editor@visitor.invalid', appMetadata: { provider: 'email', roles: ['editor'] } },
  { email: 'marked@visitor.invalid', appMetadata: { provider: 'email', roles: ['anonymous'] } },
  { email: 'google@visitor.invalid', appMetadata: { provider: 'google' } },
  { email: 'bare@visitor.invalid', appMetadata: {} },
  { email: 'elsewhere@visitor.invalid', aud: 'other' },
  { email: 'a@visitor.invalid.example.com' },
  { email: 'member@example.com@visitor.invalid' },
  { email: '@visitor.invalid' },
  { email: 'a@sub.visitor.invalid' },
  { email: 'grace@example.com', userMetadata: { full_name: 'Grace <grace@visitor.invalid>' } },
];

/**
 * A real Identity at a standing clock, with users planted in it, and a broker that notes whom it deletes.
 * @param options.maxPerPage users that Identity gives at once, whatever it is asked for
 */
export async function startSweepStack({
  maxPerPage = Infinity,
  ...options
}: BrokerStackOptions & { maxPerPage?: number } = {}) {
  const stack = await startBrokerStack({
    now: () => now,
    ...options,
    identity: { commitDelayMilliseconds: 0, ...options.identity },
  });
  const { identity } = stack;
  const deletes: string[] = [];
  const lists: URL[] = [];
  /** Users whom Identity cannot give: a list with one of them ends in an error. */
  const unreadable = Object.assign(new Set<string>(), { answer: () => new Response(null, { status: 502 }) });
  let watch: (request: Request) => Response | undefined | Promise<Response | undefined> = () => undefined;
  const client = createIdentityClient({
    url: identity.url,
    fetch: async (input, init) => {
      const request = new Request(input, init);
      const url = new URL(request.url);
      if (request.method === 'DELETE') deletes.push(url.pathname.split('/').at(-1) ?? '');
      else lists.push(new URL(url));
      const perPage = Number(url.searchParams.get('per_page'));
      if (perPage > maxPerPage) url.searchParams.set('per_page', `${maxPerPage}`);
      const answer = (await watch(request)) ?? (await fetch(new Request(url, request)));
      if (unreadable.size === 0 || !answer.ok || !url.pathname.endsWith('/users')) return answer;
      const { users } = (await answer.clone().json()) as { users: { id: string }[] };
      return users.some(({ id }) => unreadable.has(id)) ? unreadable.answer() : answer;
    },
  });
  const broker: SweepDependencies = { ...stack.broker, identity: client };
  const logged: string[] = [];
  return {
    ...stack,
    broker,
    /** The ids of every DELETE, in order. */
    deletes,
    /** Every list that was asked for. */
    lists,
    unreadable,
    logged,
    log: (event: string, fields: object = {}) => void logged.push(JSON.stringify({ event, ...fields })),
    /** Sees each request to Identity first, and may answer in its stead. */
    onRequest(next: typeof watch) {
      watch = next;
    },
    /** Puts users in, a day old unless said otherwise, one second apart. */
    plant(users: Planted[]) {
      return users.map((user, index) => identity.users.plant({ ...created(86_400 - index), ...user }));
    },
    emails: () => identity.users.list().map((user) => user.email),
  };
}

export type SweepStack = Awaited<ReturnType<typeof startSweepStack>>;

export function orphans(count: number): Planted[] {
  return Array.from({ length: count }, (_, index) => ({ email: `orphan-${index}@visitor.invalid` }));
}

export function members(count: number): Planted[] {
  return Array.from({ length: count }, (_, index) => ({ email: `member-${index}@example.com` }));
}

/** One of the first, one of the second, and so on: pages hold both. */
export function interleave(first: Planted[], second: Planted[]): Planted[] {
  const longer = Math.max(first.length, second.length);
  return Array.from({ length: longer }, (_, index) => [first[index], second[index]])
    .flat()
    .filter((user) => user !== undefined);
}
