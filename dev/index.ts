export { OptionsError } from './assertOptions.ts';
export {
  type EventFunction,
  type EventFunctionOptions,
  openEventFunction,
} from './events/openEventFunction.ts';
export type { DevIdentityOptions, EventOptions, TokenLimit } from './identity/options.ts';
export {
  createDevIdentity,
  type DevIdentity,
  type DevIdentityServer,
  startDevIdentity,
} from './identity/start.ts';
export { type DevRedis, type DevRedisOptions, startDevRedis } from './redis/start.ts';
export type { StartUpstream, Upstream } from './server/parts.ts';
export type { RequestEntry } from './server/requestLog.ts';
export type { DevServer, Reload } from './server/serveSite.ts';
export { type DevServerOptions, startDevServer } from './server/start.ts';
export type { BackendSecret, DjangoSetup } from './session/django.ts';
export type { PagesChoice } from './session/pages.ts';
export {
  type DevEvent,
  type DevSession,
  type DevSessionOptions,
  startDevSession,
} from './session/session.ts';
export {
  createDevTurnstile,
  type DevTurnstile,
  type DevTurnstileOptions,
  type DevTurnstileServer,
  startDevTurnstile,
} from './turnstile.ts';
