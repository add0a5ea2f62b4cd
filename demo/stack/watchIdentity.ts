import { randomBytes } from 'node:crypto';
import type { DevSettings } from '../../dev/server/settings.ts';
import type { StackState } from './control.ts';

/** The Identity behind a running stack, as the demo page tells it. */
export interface IdentityState {
  kind: 'stand-in' | 'gotrue';
  /** Where a GoTrue of one's own answers. */
  url?: string;
  /** Whether sign-ups ask the site's event function: without that, nothing can be demanded of them. */
  asksEventFunction: boolean;
}

/** What `/dev/stack` answers. */
export interface LabState extends StackState {
  identity: IdentityState;
}

export interface IdentityWatch {
  state(): Promise<IdentityState>;
  /** An event has come that Identity signed. */
  sawEvent(): void;
}

/** A webhook that was set up meanwhile is found at the next look after this time. */
const lookAgainMilliseconds = 10_000;
const timeoutMilliseconds = 5_000;

/**
 * Finds out whether Identity asks the site's event function. No address of GoTrue tells, so a throwaway user is signed
 * up, and deleted again: either the event comes, or it does not.
 * @param asksOurs whether the stand-in calls the event function
 * @param now milliseconds since the epoch
 */
export function watchIdentity(
  settings: Pick<DevSettings, 'identity'>,
  asksOurs: boolean,
  now: () => number = Date.now,
): IdentityWatch {
  const { identity } = settings;
  let seen = false;
  let looking: Promise<void> | undefined;
  let lookedAtMilliseconds = Number.NEGATIVE_INFINITY;

  async function look(): Promise<void> {
    if (seen || !identity || now() - lookedAtMilliseconds < lookAgainMilliseconds) return;
    lookedAtMilliseconds = now();
    await signUpOnce(identity).catch(() => undefined);
  }

  return {
    async state() {
      if (!identity) return { kind: 'stand-in', asksEventFunction: asksOurs };
      looking ??= look().finally(() => {
        looking = undefined;
      });
      await looking;
      return { kind: 'gotrue', url: identity.url, asksEventFunction: seen };
    },
    sawEvent: () => {
      seen = true;
    },
  };
}

async function signUpOnce({ url, operatorToken }: NonNullable<DevSettings['identity']>): Promise<void> {
  const body = JSON.stringify({
    email: `${randomBytes(12).toString('hex')}@visitor.invalid`,
    password: randomBytes(24).toString('base64url'),
  });
  const signal = AbortSignal.timeout(timeoutMilliseconds);
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${url}/signup`, {
    method: 'POST',
    headers,
    body,
    signal,
    redirect: 'manual',
  });
  const { id } = (await response.json()) as { id?: string };
  if (!response.ok || !id) return;
  await fetch(`${url}/admin/users/${encodeURIComponent(id)}`, {
    method: 'DELETE',
    headers: { authorization: `Bearer ${operatorToken}` },
    signal,
    redirect: 'manual',
  });
}
