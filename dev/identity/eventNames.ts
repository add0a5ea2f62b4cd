/** What GoTrue tells the site about, by the name in the event's body. */
export const eventNames = ['validate', 'signup', 'login', 'usermodified', 'userdeleted'] as const;

export type EventName = (typeof eventNames)[number];
