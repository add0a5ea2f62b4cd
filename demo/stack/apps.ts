import { createSignUpHandlers } from '../../src/admission/signUpHandlers.ts';
import { createBrokerApp } from '../../src/http/brokerApp.ts';
import type { App } from '../../src/http/caller.ts';
import { createGateApp } from '../../src/http/gateApp.ts';
import { createGuardApp } from '../../src/http/guardApp.ts';
import { createProtectedApp } from '../../src/http/protectedApp.ts';
import { defineIdentityEvents } from '../../src/identity/defineEvents.ts';
import type { EventFunctions } from '../../src/identity/webhook.ts';
import type { Policy } from '../../src/policy/types.ts';
import type { Log } from '../../src/protocol/log.ts';
import type { Environment } from '../../src/runtime/environment.ts';
import {
  type FieldDropped,
  type Place,
  wireAuthorization,
  wireBroker,
  wireGate,
  wireGuard,
  wireProofMethod,
} from '../../src/runtime/wire.ts';
import type { Kills } from './kills.ts';

/** The site's functions and edge functions, as those of `netlify/` are made. */
export interface Apps {
  guard: App;
  broker: App;
  gate: App;
  hello: App;
  /** What Identity's events are handed to. */
  events: EventFunctions;
}

export interface AppsOptions {
  environment: Environment;
  place: Place;
  operatorToken: string;
  /** Answers what the guard lets through. */
  identity(request: Request): Promise<Response>;
  kills: Kills;
  log: Log;
  onFieldDropped: FieldDropped;
}

/** Names that a caller makes up must not fill the memory. */
const maxReported = 100;

/** Reports each request field that the gate drops once, by its name: pages are written without reading the gate's list. */
export function createFieldReport(log: Log): FieldDropped {
  const reported = new Set<string>();
  return (field, reason) => {
    if (reported.has(field) || reported.size === maxReported) return;
    reported.add(field);
    log('request_field_dropped', { field, reason });
  };
}

/** Makes the apps of one policy. Each set has a memory of its own, as a new deploy has. */
export function createApps(policy: Policy, options: AppsOptions): Apps {
  const { environment, place, operatorToken, identity, kills, log, onFieldDropped } = options;
  const broker = wireBroker(policy, environment, place, () => operatorToken);
  const requirement = { audience: policy.defaultAudience, scope: undefined };
  return {
    guard: createGuardApp(wireGuard(policy, environment, log), identity, log),
    broker: createBrokerApp(kills.mortal(broker), log),
    gate: createGateApp(
      wireGate(policy, environment, place, log, {}, onFieldDropped),
      { ...policy, deployContext: place.deployContext },
      log,
    ),
    hello: createProtectedApp(
      wireAuthorization(policy, environment, place, log),
      requirement,
      (_, { subject }) => Response.json({ hello: subject }),
      log,
    ),
    events: defineIdentityEvents(createSignUpHandlers(admissionOf(policy, environment, log))),
  };
}

function admissionOf({ admission, throwaway }: Policy, environment: Environment, log: Log) {
  const { emailDomain } = throwaway;
  if (!admission) return { emailDomain, admission: undefined, log };
  const proofMethod = wireProofMethod(admission, environment);
  return {
    emailDomain,
    admission: { members: admission.members, proofMethod: async () => proofMethod },
    log,
  };
}
