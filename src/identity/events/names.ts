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

export function isEventName(name: string): name is EventName {
  return Object.hasOwn(eventNames, name);
}
