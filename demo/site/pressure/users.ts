import { byId, write } from '../dom.ts';
import { stepOf } from '../wire/describeRequest.ts';
import { plainFetch, type Sent } from '../wire/exchange.ts';

/** Whether a request may have made or deleted a user. */
export function touchesUsers(request: Sent): boolean {
  const step = stepOf(request);
  return step === 'sign-up' || step === 'exchange' || request.path.startsWith('/dev/members');
}

/**
 * Shows how many throwaway users exist, read again at each `count()`. One request is out at a time; changes meanwhile cause
 * one more afterwards.
 */
export class UserCounter {
  #canAsk = false;
  #asking = false;
  #askAgain = false;
  #most = 0;

  /** The dev server is there. */
  start(): void {
    this.#canAsk = true;
    this.count();
  }

  count(): void {
    this.#askAgain = true;
    if (this.#canAsk && !this.#asking) void this.#askOn();
  }

  async #askOn(): Promise<void> {
    this.#asking = true;
    while (this.#askAgain) {
      this.#askAgain = false;
      await this.#ask().catch(() => undefined);
    }
    this.#asking = false;
  }

  async #ask(): Promise<void> {
    const response = await plainFetch('/dev/users', { cache: 'no-store' });
    if (!response.ok) return;
    const { throwaway, members } = (await response.json()) as {
      throwaway: number;
      members: number;
    };
    this.#most = Math.max(this.#most, throwaway);
    write(byId('users-now'), String(throwaway));
    write(byId('users-most'), this.#most === 0 ? '' : ` (most seen: ${this.#most})`);
    write(byId('members-now'), String(members));
    for (const [kind, count] of Object.entries({ throwaway, members })) {
      for (const element of document.querySelectorAll<HTMLElement>(`[data-users=${kind}]`)) {
        write(element, String(count));
      }
    }
  }
}
