export type { IdentityAdmin, NewUser, UserUpdate } from '../identity/admin/admin.ts';
export type { ListOptions, UserPage } from '../identity/admin/listUsers.ts';
export { IdentityRefusal } from '../identity/admin/refusal.ts';
export { addRoles } from '../identity/events/addRoles.ts';
export type { UserChange } from '../identity/events/change.ts';
export { defineIdentityEvents, type IdentityEventFunctions } from '../identity/events/define.ts';
export type {
  ConfirmedUser,
  DeniableEvent,
  IdentityEvent,
  IdentityEventHandlers,
  UnconfirmedUser,
} from '../identity/events/handlers.ts';
export { type EventPayload, samplePayloads } from '../identity/events/samples.ts';
export { toUser, type User, type UserRecord } from '../identity/events/user.ts';
export type { ErrorCode } from '../protocol/codes.ts';
export { ConfigurationError, DaypassError } from '../protocol/error.ts';
export { createIdentityAdmin, type IdentityAdminOptions } from '../runtime/createIdentityAdmin.ts';
export { createIdentityWebhook } from '../runtime/createIdentityWebhook.ts';
