/**
 * The five events. `gotrue` stands in the body's `event` and, behind `identity_`, in `X-Netlify-Event`;
 * `netlify` is the property of a function's default export that the platform calls.
 */
export const eventNames = {
  validate: { gotrue: 'validate', netlify: 'userValidate' },
  signup: { gotrue: 'signup', netlify: 'userSignup' },
  login: { gotrue: 'login', netlify: 'userLogin' },
  modified: { gotrue: 'usermodified', netlify: 'userModified' },
  deleted: { gotrue: 'userdeleted', netlify: 'userDeleted' },
} as const;

export type EventName = keyof typeof eventNames;

/** Events of what GoTrue has committed before it calls. */
export type PastEvent = 'modified' | 'deleted';

export function isPastEvent(name: EventName): name is PastEvent {
  return name === 'modified' || name === 'deleted';
}

/** Why a denial of such an event is a mistake. */
export function denialProblem(name: PastEvent): string {
  return `${eventNames[name].netlify} cannot deny: GoTrue has committed the change already. Only validate, signup and login can.`;
}

export function isEventName(name: string): name is EventName {
  return Object.hasOwn(eventNames, name);
}
