import type { BrokerDependencies } from '../../src/broker/dependencies.ts';

/** Exchanges that die on their way, as if the broker's process were killed. */
export interface Kills {
  /** The next exchange dies after it has reserved its user and before it deletes it. */
  arm(): void;
  /** The dependencies of a broker that may die: a reservation stays then, who was there stays. */
  mortal(broker: BrokerDependencies): BrokerDependencies;
  /** Answers a request of the broker; a dead broker's connection breaks. */
  answer(call: () => Promise<Response>): Promise<Response>;
  /** The users whom dead exchanges left behind. */
  orphans(): Iterable<string>;
}

export function createKills(): Kills {
  let armed = false;
  const dead = new Set<string>();
  let unanswered = 0;
  return {
    arm() {
      armed = true;
    },
    mortal: (broker) => ({
      ...broker,
      identity: {
        ...broker.identity,
        async deleteUser(id, operatorToken, signal) {
          if (!armed) return broker.identity.deleteUser(id, operatorToken, signal);
          armed = false;
          dead.add(id);
          unanswered += 1;
          throw new Error('This exchange was killed on purpose.');
        },
      },
      redemptions: {
        ...broker.redemptions,
        async release(userId, nonce) {
          // The dead release nothing.
          if (!dead.has(userId)) await broker.redemptions.release(userId, nonce);
        },
      },
    }),
    async answer(call) {
      const response = await call();
      if (unanswered === 0 || response.status !== 500) return response;
      unanswered -= 1;
      return Response.error();
    },
    orphans: () => dead,
  };
}
