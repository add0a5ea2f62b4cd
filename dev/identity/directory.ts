import { randomUUID } from 'node:crypto';
import { newUser } from './newUser.ts';
import type { Parts } from './parts.ts';
import type { User } from './users.ts';

export type PlantedUser = Partial<User> & { email: string; password?: string };

/** Looks into the table of users, past the API: for tests, and for the page that counts users. */
export type UserDirectory = {
  /** How many users there are, of every audience. */
  count(): number;
  /** All users, in the order of their creation. */
  list(): User[];
  /** Puts a row in as it is given; what is left out is that of a confirmed user. No event is called. */
  plant(user: PlantedUser): User;
  /** Makes a user look as if it had been created that many seconds sooner. Does nothing where there is none. */
  age(id: string, seconds: number): void;
};

export function createDirectory({ users, clock, settings }: Parts): UserDirectory {
  return {
    count: () => users.size,
    list: () => users.all(),
    plant({ password = randomUUID(), ...fields }) {
      const blank = newUser(
        { email: fields.email, password, aud: settings.audience, userMetadata: null },
        clock,
      );
      const user = { ...blank, confirmedAt: blank.createdAt, ...fields };
      users.insert(user);
      return user;
    },
    age(id, seconds) {
      const user = users.get(id);
      if (!user) return;
      const createdAt = new Date(Date.parse(user.createdAt) - seconds * 1000).toISOString();
      users.update({ ...user, createdAt });
    },
  };
}
