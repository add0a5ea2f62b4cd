import type { DevRedis } from '../../dev/redis/start.ts';
import { defaultProofOfWork } from '../../src/policy/admission.ts';
import type { Policy, ProofKind } from '../../src/policy/types.ts';
import { DaypassError } from '../../src/protocol/error.ts';

/** What the demo page may change of a running stack. */
export interface StackChanges {
  admission?: 'off' | ProofKind;
  mode?: Policy['mode'];
  storeFailure?: Policy['storeFailure'];
  redis?: 'running' | 'stopped';
}

/** A running stack, as the demo page sees it. */
export interface StackState {
  policy: Required<Pick<StackChanges, 'admission' | 'mode' | 'storeFailure'>>;
  redis: 'running' | 'stopped';
  /** Whether the policy can be changed here; under Netlify's emulator it is in a file. */
  canSwitch: boolean;
  /** Whether Redis is one of ours. */
  canStopRedis: boolean;
  /** Whether an exchange can be killed here, and its user be made to look old. */
  canKill: boolean;
}

export interface StackControl {
  state(): StackState;
  /** @throws {DaypassError} `malformed_request` for what cannot be changed, or not to that */
  change(changes: StackChanges): Promise<void>;
  /** @throws {DaypassError} `malformed_request` where no exchange can be killed */
  armKill(): void;
  /** Makes the users whom killed exchanges left behind look old enough for the sweep. */
  ageOrphans(): void;
}

export interface StackControlOptions {
  policy: Policy;
  redis: DevRedis | undefined;
  /** Puts another policy into force; left out where it cannot be changed. */
  apply?: (policy: Policy) => Promise<void>;
  /** Left out where none can be killed. */
  armKill?: (() => void) | undefined;
  ageOrphans?: (() => void) | undefined;
}

const choices: Readonly<Record<keyof StackChanges, readonly string[]>> = {
  admission: ['off', 'none', 'proof-of-work'],
  mode: ['enforce', 'monitor'],
  storeFailure: ['local', 'deny', 'allow'],
  redis: ['running', 'stopped'],
};

/** The switches of a stack. Redis is stopped by a bridge that takes requests and answers none. */
export function createStackControl(options: StackControlOptions): StackControl {
  const { policy, redis, apply, armKill, ageOrphans } = options;
  let current = policy;
  let isStopped = false;

  const state = (): StackState => ({
    policy: {
      admission: current.admission?.proof ?? 'off',
      mode: current.mode,
      storeFailure: current.storeFailure,
    },
    redis: isStopped ? 'stopped' : 'running',
    canSwitch: apply !== undefined,
    canStopRedis: redis !== undefined,
    canKill: armKill !== undefined,
  });

  return {
    state,
    async change(changes) {
      for (const [name, value] of Object.entries(changes)) {
        const known = Object.hasOwn(choices, name) ? choices[name as keyof StackChanges] : undefined;
        if (!known?.includes(value))
          throw refusal(`${name} can only be one of ${known?.join(', ') ?? 'none'}.`);
      }
      const { redis: wanted, ...ofPolicy } = changes;
      if (wanted !== undefined) {
        if (!redis) throw refusal('Redis is not ours to stop.');
        isStopped = wanted === 'stopped';
        redis.setFault(isStopped ? { kind: 'hang' } : undefined);
      }
      if (Object.keys(ofPolicy).length > 0) {
        if (!apply) throw refusal('The policy of this stack is in daypass.config.ts.');
        current = changed(current, ofPolicy, policy);
        await apply(current);
      }
    },
    armKill() {
      if (!armKill) throw refusal('No exchange of this stack can be killed.');
      armKill();
    },
    ageOrphans: () => ageOrphans?.(),
  };
}

/** @param own the site's own policy, whose admission keeps its settings */
function changed(current: Policy, { admission, mode, storeFailure }: StackChanges, own: Policy): Policy {
  return {
    ...current,
    ...(mode && { mode }),
    ...(storeFailure && { storeFailure }),
    ...(admission && { admission: admission === 'off' ? undefined : admitted(own, admission) }),
  };
}

function admitted({ admission }: Policy, proof: ProofKind): Policy['admission'] {
  const { proofOfWork = defaultProofOfWork, members = 'allow', turnstile } = admission ?? {};
  return { proof, members, proofOfWork, turnstile };
}

function refusal(detail: string): DaypassError {
  return new DaypassError('malformed_request', { detail });
}
