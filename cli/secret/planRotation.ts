import type { Policy } from '../../src/policy/types.ts';
import { CommandError } from '../command.ts';
import { formatDuration } from '../words.ts';

/** The steps of `docs/operations.md`: three of a planned rotation, and one each for what has leaked. */
export const rotationSteps = ['add', 'swap', 'remove', 'leaked', 'leaked-private'] as const;

export type RotationStep = (typeof rotationSteps)[number];

/** A variable and what it holds from now on. */
export interface Setting {
  readonly variable: string;
  readonly where: 'site' | 'site and backend';
  /** In words; `value` holds it, where it is no secret or the secret was asked for. */
  readonly to: string;
  readonly value?: string;
}

/** One step: what to set, and what has to have happened before the next. */
export interface Instructions {
  readonly step: RotationStep;
  readonly audience: string | undefined;
  readonly settings: readonly Setting[];
  /** How long to wait once it is deployed everywhere, in seconds; undefined where no time decides. */
  readonly waitSeconds: number | undefined;
  /** When the next step may come at the earliest, if this one is deployed by now: RFC 3339. */
  readonly nextAt: string | undefined;
  /** What to do then, in a sentence. */
  readonly afterwards: string;
  readonly nextStep: RotationStep | undefined;
  readonly notes: readonly string[];
}

/** A secret that is known here, by the key id of its tokens. */
export interface KnownSecret {
  readonly keyId: string;
  /** Only where it was asked for. */
  readonly secret?: string;
}

export interface RotationState {
  readonly policy: Policy;
  readonly audience: string;
  /** A new secret, for the steps that bring one in. */
  readonly made: KnownSecret;
  /** What the two variables hold now, where they are at hand. */
  readonly primary: KnownSecret | undefined;
  readonly secondary: KnownSecret | undefined;
  /** The present, milliseconds since the epoch. */
  readonly now: number;
}

/** Clocks differ, and a deploy is not everywhere at once. */
const marginSeconds = 60;

/**
 * How long the old secret verifies after the swap: until the last token that it signed can no longer be renewed.
 * @returns seconds
 */
export function overlapSeconds({ accessToken }: Policy): number {
  return accessToken.ttlSeconds + accessToken.renewalGraceSeconds + marginSeconds;
}

/**
 * How long sessions of before a leak could go on.
 * @returns seconds
 */
export function sessionsSeconds({ accessToken }: Policy): number {
  return accessToken.sessionSeconds + accessToken.ttlSeconds + marginSeconds;
}

/**
 * What to do in one step.
 * @throws {CommandError} `no_secondary`: the policy has no second variable for the audience; `rotation_state`: the
 * variables at hand do not fit the step
 */
export function planStep(step: RotationStep, state: RotationState): Instructions {
  return plans[step](state);
}

const plans: Readonly<Record<RotationStep, (state: RotationState) => Instructions>> = {
  add: (state) => {
    const { secondary } = state;
    if (secondary) {
      throw wrongState(
        `${variablesOf(state).secondary} holds a secret already (key id ${secondary.keyId}): a rotation has begun. Finish it with --step swap or --step remove.`,
      );
    }
    return {
      ...common(state, 'add'),
      settings: [{ ...everywhere(variablesOf(state).secondary), ...describe('the new secret', state.made) }],
      afterwards:
        'When every instance of the site and every backend has it, go on: daypass doctor compares them.',
      nextStep: 'swap',
      notes: ['Keep the new secret until the next step: Netlify does not show a secret value again.'],
    };
  },
  swap: (state) => {
    const { primary, secondary } = state;
    const names = variablesOf(state);
    if (primary && !secondary) throw wrongState(`${names.secondary} is empty: begin with --step add.`);
    const waitSeconds = overlapSeconds(state.policy);
    return {
      ...common(state, 'swap'),
      settings: [
        { ...everywhere(names.primary), ...describe('the new secret', secondary) },
        { ...everywhere(names.secondary), ...describe('the old secret', primary) },
      ],
      waitSeconds,
      nextAt: later(state, waitSeconds),
      afterwards: `Once both are deployed everywhere, wait ${formatDuration(waitSeconds)}: until then, tokens of the old secret can still be used or renewed.`,
      nextStep: 'remove',
      notes: ['Set both in one deploy of the site, then at each backend.'],
    };
  },
  remove: (state) => {
    const { secondary } = state;
    const name = variablesOf(state).secondary;
    return {
      ...common(state, 'remove'),
      settings: [
        {
          ...everywhere(name),
          to: `nothing: remove it${secondary ? ` (it holds key id ${secondary.keyId})` : ''}`,
        },
      ],
      afterwards: 'That is all: the old secret is worth nothing from now on.',
      nextStep: undefined,
      notes: [],
    };
  },
  leaked: (state) => {
    const { primary, secondary } = variablesOf(state, 'may be absent');
    const waitSeconds = sessionsSeconds(state.policy);
    return {
      ...common(state, 'leaked'),
      settings: [
        { ...everywhere(primary), ...describe('the new secret', state.made) },
        ...(secondary
          ? [
              {
                ...everywhere(secondary),
                to: 'nothing: remove it. The leaked secret must not go on verifying',
              },
            ]
          : []),
        notBefore(state),
      ],
      waitSeconds,
      nextAt: later(state, waitSeconds),
      afterwards: `Remove DAYPASS_SESSIONS_NOT_BEFORE ${formatDuration(waitSeconds)} after the deploy: no session of before is left then.`,
      nextStep: undefined,
      notes: ['Deploy at once, on the site and at the backend. Visitors notice one sign-up.'],
    };
  },
  'leaked-private': (state) => {
    const waitSeconds = sessionsSeconds(state.policy);
    return {
      ...common(state, 'leaked-private'),
      audience: undefined,
      settings: [
        { variable: 'DAYPASS_PRIVATE_SECRET', where: 'site', ...describe('the new secret', state.made) },
        notBefore(state),
      ],
      waitSeconds,
      nextAt: later(state, waitSeconds),
      afterwards: `Remove DAYPASS_SESSIONS_NOT_BEFORE ${formatDuration(waitSeconds)} after the deploy: no session of before is left then.`,
      nextStep: undefined,
      notes: [
        'Set both in one deploy: sessions of before cannot be renewed, and their revocations are no longer found.',
        'Introspection secrets and the maintenance bearer change with it: daypass secret --introspection <audience>, --maintenance.',
      ],
    };
  },
};

function common({ audience }: RotationState, step: RotationStep) {
  return { step, audience, waitSeconds: undefined, nextAt: undefined };
}

const everywhere = (variable: string) => ({ variable, where: 'site and backend' as const });

function describe(what: string, known: KnownSecret | undefined): Pick<Setting, 'to' | 'value'> {
  if (!known) return { to: what };
  return {
    to: `${what} (key id ${known.keyId})`,
    ...(known.secret !== undefined && { value: known.secret }),
  };
}

function notBefore({ now }: RotationState): Setting {
  // Without fractions, which some clocks of a shell do not write either.
  const value = new Date(now).toISOString().replace(/\.\d+/, '');
  return { variable: 'DAYPASS_SESSIONS_NOT_BEFORE', where: 'site', to: value, value };
}

function later({ now }: RotationState, seconds: number): string {
  return new Date(now + seconds * 1000).toISOString().replace(/\.\d+/, '');
}

function variablesOf(state: RotationState): { primary: string; secondary: string };
function variablesOf(
  state: RotationState,
  secondary: 'may be absent',
): { primary: string; secondary: string | undefined };
function variablesOf({ policy, audience }: RotationState, need?: 'may be absent') {
  const { secretVariable = '', secondarySecretVariable } = policy.audiences[audience] ?? {};
  if (secondarySecretVariable === undefined && need === undefined) {
    throw new CommandError(
      'no_secondary',
      `The policy names no second variable for ${audience}: add secondarySecret: '${secretVariable}_SECONDARY' to the audience in daypass.config.ts, and deploy.`,
    );
  }
  return { primary: secretVariable, secondary: secondarySecretVariable };
}

function wrongState(message: string): CommandError {
  return new CommandError('rotation_state', message);
}
