import { randomBytes } from 'node:crypto';
import { createKeyRing } from '../../src/token/keys.ts';
import { askConfirm } from '../ask.ts';
import { CommandError, UsageError } from '../command.ts';
import { type Io, style, writeJson } from '../output.ts';
import { loadPolicy } from '../policy/load.ts';
import { chooseAudience, readSecrets } from '../site.ts';
import {
  type Instructions,
  type KnownSecret,
  planStep,
  type RotationState,
  type RotationStep,
  rotationSteps,
} from './planRotation.ts';

/** A secret, and the `kid` of the tokens that it signs, by which two places can be compared. */
export interface NewSecret {
  readonly secret: string;
  readonly keyId: string;
}

/** Makes a strong secret: 32 random bytes as base64url. */
export async function makeSecret(): Promise<NewSecret> {
  const secret = randomBytes(32).toString('base64url');
  const { primary } = await createKeyRing({ audience: 'any', secret });
  return { secret, keyId: primary.id };
}

export interface RotationRequest {
  readonly config: string | undefined;
  readonly audience: string | undefined;
  readonly step: string | undefined;
  /** Whether to print the secrets of the environment, too. */
  readonly show: boolean;
}

/**
 * Walks through a rotation: one step that was asked for, or all three, with a question in between.
 * @throws {UsageError} there is no terminal to ask at, and no step was named
 */
export async function rotate(io: Io, isJson: boolean, request: RotationRequest): Promise<void> {
  const { step } = request;
  const known = rotationSteps.find((each) => each === step);
  if (step !== undefined && !known)
    throw new UsageError(`--step: there is no ${step}, but ${rotationSteps.join(', ')}.`);
  const state = await readState(io, request);
  if (known) {
    print(planStep(known, state), state.made, io, isJson);
    return;
  }
  if (!io.isInteractive)
    throw new UsageError('Name the step of the rotation, --step add at first: nobody can be asked here.');
  await walk(io, state);
}

async function walk(io: Io, state: RotationState & { made: NewSecret }): Promise<void> {
  print(planStep('add', state), state.made, io, false);
  await confirmed(io, 'Does every instance of the site and every backend have the new secret?', 'swap');
  // Nothing was read again: the new secret is where the last step said to put it.
  const { made, primary } = state;
  const swapped = { ...state, secondary: { keyId: made.keyId } };
  print(planStep('swap', swapped), undefined, io, false);
  await confirmed(io, 'Are both deployed everywhere, and is that time over?', 'remove');
  print(planStep('remove', { ...swapped, secondary: primary }), undefined, io, false);
}

async function confirmed(io: Io, message: string, next: RotationStep): Promise<void> {
  const flag = `--step ${next}`;
  if (await askConfirm(io, { message, flag })) return;
  throw new CommandError('rotation_paused', `Go on with daypass secret --rotate ${flag} when it is so.`, {
    exitCode: 2,
  });
}

async function readState(io: Io, { config, audience: asked, show }: RotationRequest) {
  const { policy } = await loadPolicy(io, { config, otherwise: 'default' });
  const audience = chooseAudience(policy, asked);
  const secrets = readSecrets(io, policy, audience);
  const known = async (secret: string | undefined): Promise<KnownSecret | undefined> => {
    if (secret === undefined) return undefined;
    const { primary } = await createKeyRing({ audience, secret });
    return { keyId: primary.id, ...(show && { secret }) };
  };
  return {
    ...{ policy, audience, now: io.now(), made: await makeSecret() },
    primary: await known(secrets?.secret),
    secondary: await known(secrets?.secondarySecret),
  };
}

/** @param made the new secret, where this step brings one in; it alone goes to standard output */
function print(instructions: Instructions, made: NewSecret | undefined, io: Io, isJson: boolean): void {
  if (isJson) {
    writeJson(io, instructions);
    return;
  }
  const { step, settings, nextAt, afterwards, nextStep, notes } = instructions;
  const isNew = made !== undefined && settings.some(({ value }) => value === made.secret);
  io.writeError(`\n${style(io, 'bold', titles[step])}\n\n`);
  for (const { variable, where, to, value } of settings) {
    const isShown = value !== undefined && value !== to && value !== made?.secret;
    io.writeError(`  ${variable}, ${where}: ${to}${isShown ? `\n    ${value}` : ''}\n`);
  }
  io.writeError(`\n${[...notes, afterwards].join('\n')}\n`);
  if (nextAt) io.writeError(`Deployed by now, that is at ${nextAt}.\n`);
  if (nextStep) io.writeError(`Then: daypass secret --rotate --step ${nextStep}\n`);
  if (isNew) {
    io.writeError('\nThe new secret:\n');
    io.writeOut(`${made.secret}\n`);
  }
}

const titles = {
  add: 'Step 1 of 3: the new secret verifies',
  swap: 'Step 2 of 3: the new secret signs, the old one verifies',
  remove: 'Step 3 of 3: the old secret goes',
  leaked: 'A secret leaked: it is replaced at once, and sessions of before end',
  'leaked-private': 'The private secret leaked: it is replaced at once, and sessions of before end',
} as const satisfies Record<RotationStep, string>;
