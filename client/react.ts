'use client';

import {
  createContext,
  createElement,
  type ReactNode,
  useContext,
  useState,
  useSyncExternalStore,
} from 'react';
import { nearest } from '../src/protocol/nearest.ts';
import type { SessionError } from './errors.ts';
import type { ProofProgress } from './options.ts';
import { createSession, type Session } from './session.ts';

/** What `useDaypass` returns: the same object until something happens. */
export interface Daypass {
  /** The session of the provider. It never changes by itself, so it may stand among the dependencies of an effect. */
  readonly session: Session;
  /**
   * - `idle`: nothing has happened yet. A token that an earlier page left is used without a word, so calls may succeed.
   * - `proving`: a proof for the sign-up is being made; `proof` has its progress.
   * - `active`: there is a token.
   * - `ended`: the session is over; the next call begins another.
   * - `failed`: the last attempt to get a token failed; `error` says why. A token that is still valid stays in use.
   */
  readonly status: 'idle' | 'proving' | 'active' | 'ended' | 'failed';
  /** With `failed`: its `code`, `remedy` and `retryAfterSeconds` say what to do. */
  readonly error?: SessionError;
  /** With `proving`. */
  readonly proof?: ProofProgress;
}

/** The state of a session, as `useSyncExternalStore` takes it. */
interface Store {
  subscribe(listener: () => void): () => void;
  getSnapshot(): Daypass;
  getServerSnapshot(): Daypass;
}

// A session keeps its state however often its provider is taken away and put back, as strict mode does with every effect.
const stores = new WeakMap<Session, Store>();
const Context = createContext<Store | undefined>(undefined);

function createStore(session: Session): Store {
  const idle: Daypass = { session, status: 'idle' };
  const listeners = new Set<() => void>();
  let state = idle;
  let isListening = false;
  const change = (status: Daypass['status'], more?: Pick<Daypass, 'error' | 'proof'>) => {
    state = { session, status, ...more };
    for (const notify of listeners) notify();
  };
  return {
    subscribe(listener) {
      // Only in a browser: a server renders without subscribing. Once, since a state that is out of sight goes on.
      if (!isListening) {
        session.on('obtained', () => change('active'));
        session.on('renewed', () => change('active'));
        session.on('ended', () => change('ended'));
        session.on('proof', (proof) => change('proving', { proof }));
        session.on('error', (error) => change('failed', { error }));
      }
      isListening = true;
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    getSnapshot: () => state,
    getServerSnapshot: () => idle,
  };
}

export interface DaypassProviderProps {
  /**
   * A session of `createSession`, or in tests of `createFakeSession`. Make it outside of components. Default:
   * `createSession()`, once for this provider.
   */
  session?: Session | undefined;
  children?: ReactNode;
}

/**
 * Hands a session to the components below it. It touches nothing, on a server neither: the first call does.
 * @throws TypeError for a property that it does not know, or a `session` that is not one
 * @example
 * ```ts
 * import { createSession } from 'daypass';
 * import { DaypassProvider } from 'daypass/react';
 * import { createElement, type ReactNode } from 'react';
 *
 * const session = createSession({ audience: 'api' });
 * // In JSX: <DaypassProvider session={session}>{children}</DaypassProvider>
 * export const Providers = ({ children }: { children: ReactNode }) => createElement(DaypassProvider, { session }, children);
 * ```
 */
export function DaypassProvider(props: DaypassProviderProps): ReactNode {
  const names = ['session', 'children'];
  for (const name of Object.keys(props)) {
    const meant = nearest(name, names) ?? names.join(', ');
    if (!names.includes(name)) throw new TypeError(`Daypass: no property ${name}; did you mean ${meant}?`);
  }
  const [own] = useState(() => props.session ?? createSession());
  const session = props.session ?? own;
  if (typeof session.on !== 'function') throw new TypeError('Daypass: bad property session');
  const store = stores.get(session) ?? createStore(session);
  stores.set(session, store);
  return createElement(Context.Provider, { value: store }, props.children);
}

/**
 * The session of the provider above, and how it is. A component renders again when that changes.
 * @throws TypeError without a `DaypassProvider` above
 * @example
 * ```ts
 * import { useDaypass } from 'daypass/react';
 * import { useEffect, useState } from 'react';
 *
 * export function Greeting(): string {
 *   const { session, status, error } = useDaypass();
 *   const [message, setMessage] = useState('');
 *   useEffect(() => {
 *     session
 *       .fetch('/api/hello')
 *       .then((response) => response.json())
 *       .then(({ message }) => setMessage(message), () => undefined);
 *   }, [session]);
 *   return status === 'failed' ? `Not now: ${error?.remedy ?? error?.code}` : message;
 * }
 * ```
 */
export function useDaypass(): Daypass {
  const store = useContext(Context);
  if (!store) throw new TypeError('Daypass: useDaypass needs a DaypassProvider above it');
  return useSyncExternalStore(store.subscribe, store.getSnapshot, store.getServerSnapshot);
}
