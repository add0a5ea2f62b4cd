export {
  type IdentityAdmin,
  IdentityRefusal,
  type ListOptions,
  type NewUser,
  type UserPage,
  type UserUpdate,
} from '../identity/admin.ts';
export { defineIdentityEvents, type IdentityEventFunctions } from '../identity/defineEvents.ts';
export type {
  ConfirmedUser,
  DeniableEvent,
  EventPayload,
  IdentityEvent,
  IdentityEventHandlers,
  UnconfirmedUser,
  UserChange,
} from '../identity/events.ts';
export { addRoles } from '../identity/events.ts';
export { samplePayloads } from '../identity/samplePayloads.ts';
export { toUser, type User, type UserRecord } from '../identity/user.ts';
export { createIdentityAdmin, type IdentityAdminOptions } from '../netlify/createIdentityAdmin.ts';
export { createIdentityWebhook } from '../netlify/createIdentityWebhook.ts';
export type { ErrorCode } from '../protocol/codes.ts';
export { ConfigurationError, DaypassError } from '../protocol/error.ts';
