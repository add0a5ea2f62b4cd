import { describeRequest } from '../wire/describeRequest.ts';
import type { Answered, Exchange, Sent } from '../wire/exchange.ts';
import { durationInWords } from '../words.ts';
import { type LabKit, SetupError } from './kit.ts';

/** How an attack ended; `not-run` when it could not even begin. */
export type Verdict = 'refused' | 'not-refused' | 'not-run';

/** A request and its answer, as the row shows them. */
export interface Shown {
  request: Sent;
  answer: Answered;
  /** How many such requests went out, when more than one is meant. */
  times?: number;
}

export interface Outcome {
  verdict: Verdict;
  /** The verdict in words. */
  label: string;
  shown: readonly Shown[];
  /** What the exchanges do not say by themselves. */
  note?: string;
}

/** One line of the lab. */
export interface Attack {
  /** Stable; `data-attack` of the row. */
  id: string;
  title: string;
  /** What the attacker tries. */
  attempt: string;
  /** Why it fails. */
  why: string;
  /** Needs what only a developer's machine answers, under `/dev`. */
  local?: true;
  run(kit: LabKit): Promise<Outcome>;
}

/** What a right refusal looks like. */
export interface Refusal {
  status: number;
  /** Any of these in the body. */
  codes: readonly string[];
}

/** Whether an answer is the refusal that it should be: a 401 also needs its challenge (RFC 9110 §15.5.2). */
export function isRefusal({ status, headers, body }: Answered, expected: Refusal): boolean {
  const { code } = (body ?? {}) as { code?: unknown };
  const challenged = status !== 401 || /^Bearer\b/.test(headers.get('www-authenticate') ?? '');
  return status === expected.status && challenged && expected.codes.includes(String(code));
}

/** The outcome of an attack that is one request. */
export function expectRefusal(exchange: Exchange, expected: Refusal): Outcome {
  return outcome(isRefusal(exchange.answer, expected), [exchange]);
}

export function outcome(held: boolean, shown: readonly Shown[], success = 'Refused'): Outcome {
  return {
    verdict: held ? 'refused' : 'not-refused',
    label: held ? `${success}, as it should be` : 'Not as it should be',
    shown,
  };
}

/** Runs an attack; one whose set-up is refused says by whom and when it makes sense to come back. */
export async function runAttack(attack: Attack, kit: LabKit): Promise<Outcome> {
  try {
    return await attack.run(kit);
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    const { exchange } = error;
    const waitSeconds = Number(exchange.answer.headers.get('retry-after'));
    const again = waitSeconds > 0 ? ` Try again in ${durationInWords(waitSeconds)}.` : '';
    return {
      verdict: 'not-run',
      label: 'Could not be run',
      shown: [exchange],
      note: `${describeRequest(exchange)}${again}`,
    };
  }
}
