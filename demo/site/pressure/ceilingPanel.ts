import type { Controls } from '../controls.ts';
import { byId, write } from '../dom.ts';
import { callApi, target } from '../lab/calls.ts';
import { type LabKit, SetupError } from '../lab/kit.ts';
import { describeRequest } from '../wire/describeRequest.ts';
import { type Exchange, plainFetch, textOf } from '../wire/exchange.ts';
import { durationInWords, timeOfDay } from '../words.ts';
import type { Stack } from './stack.ts';

/** What `/dev/limits` answers. */
export interface LimitsState {
  /** HTTP requests to Redis so far; null where that is not the stack's own. */
  roundTrips: number | null;
  /** A route whose calls have a ceiling, in units, and what the gate has leased of it in this window. */
  ceiling: {
    path: string;
    cost: number;
    limit: number;
    windowSeconds: number;
    leased: number | null;
  } | null;
  /** What the gate logged of that ceiling, newest last; `at` in seconds since the epoch. */
  moments: readonly {
    event: 'ceiling_near' | 'ceiling_reached';
    at: number;
    remaining: number;
    resetSeconds: number;
  }[];
}

type Ceiling = NonNullable<LimitsState['ceiling']>;

/** What came of calling until the ceiling closed. */
export interface CeilingRun {
  granted: number;
  refused: number;
  /** Units that the granted calls took. */
  spent: number;
  last: Exchange | undefined;
}

const saysIn = 'ceiling-said';
const visitors = 2;
/** As a page makes them. */
const atOnce = 4;
/** Calls beyond the ceiling, which are refused. */
const excess = 8;
/** A ceiling wider than this is not used up from a page. */
const maxCalls = 400;

/** @throws {Error} when the dev server does not answer */
export async function readLimits(): Promise<LimitsState> {
  const response = await plainFetch('/dev/limits', { cache: 'no-store' });
  if (!response.ok) throw new Error(`/dev/limits answered ${response.status}.`);
  return (await response.json()) as LimitsState;
}

/** A ceiling of the policy that two visitors use up, with what the gate leases of it; hidden where the policy has none. */
export async function openCeilingPanel(controls: Controls, stack: Stack, kit: LabKit): Promise<void> {
  const { ceiling } = await readLimits().catch(
    (): LimitsState => ({ roundTrips: null, ceiling: null, moments: [] }),
  );
  byId('ceiling').hidden = ceiling === null;
  if (!ceiling) return;
  write(byId('ceiling-terms'), termsInWords(ceiling));
  byId('ceiling-fixed').hidden = stack.state.canSwitch;
  controls.bind('use-up', () => useUp(ceiling, kit), { saysIn, listed: false });
}

function termsInWords({ path, cost, limit, windowSeconds }: Ceiling): string {
  const calls = Math.floor(limit / cost);
  return `Here a call of ${path} costs ${cost} units, and ${limit} units in ${durationInWords(windowSeconds)} are all there is: ${calls} calls.`;
}

async function useUp(ceiling: Ceiling, kit: LabKit): Promise<string> {
  const passes: string[] = [];
  try {
    while (passes.length < visitors) passes.push(await kit.freshPass());
  } catch (error) {
    throw error instanceof SetupError ? new Error(describeRequest(error.exchange)) : error;
  }
  const before = await readLimits();
  const run = await callUntilClosed(ceiling, kit, passes, async (soFar) =>
    draw(soFar, await readLimits(), before),
  );
  const other = await callApi(kit, passes[0]);
  write(byId('ceiling-other'), `GET ${target}: ${other.answer.status || 'no answer'}`);
  return saidOf(run);
}

/**
 * Calls the ceiling's route with each pass in turn, a few at once, until some calls beyond the ceiling were made.
 * @param tell told after each few calls
 */
export async function callUntilClosed(
  { path, cost, limit }: Pick<Ceiling, 'path' | 'cost' | 'limit'>,
  kit: LabKit,
  passes: readonly string[],
  tell: (run: CeilingRun) => Promise<void>,
): Promise<CeilingRun> {
  const total = Math.min(Math.floor(limit / cost) + excess, maxCalls);
  const run: CeilingRun = { granted: 0, refused: 0, spent: 0, last: undefined };
  for (let made = 0; made < total && run.refused < excess; ) {
    const length = Math.min(atOnce, total - made);
    const calls = await Promise.all(
      Array.from({ length }, (_, index) => callApi(kit, passes[(made + index) % passes.length], { path })),
    );
    made += length;
    const granted = calls.filter(({ answer }) => answer.status === 200).length;
    run.granted += granted;
    run.spent += granted * cost;
    run.refused += length - granted;
    run.last = calls.findLast(({ answer }) => answer.status !== 200) ?? calls.at(-1);
    await tell(run);
  }
  return run;
}

/** What came of a run, in words. */
export function saidOf({ granted, refused, last }: CeilingRun): string {
  if (refused === 0) return 'Every call was granted: the ceiling did not close.';
  const code = textOf(last?.answer.body, 'code') ?? '';
  if (last?.answer.status !== 429) return `Refused, but not by the ceiling: ${last?.answer.status} ${code}.`;
  const wait = Number(last?.answer.headers.get('retry-after'));
  const again = wait > 0 ? ` The next call may pass in ${durationInWords(wait)}.` : '';
  const first = granted === 0 ? 'The ceiling was closed already' : 'The ceiling closed';
  return `${first}: 429 ${code}.${again}`;
}

function draw(run: CeilingRun, { ceiling, roundTrips, moments }: LimitsState, before: LimitsState): void {
  if (!ceiling) return;
  const { limit, leased, windowSeconds } = ceiling;
  const calls = run.granted + run.refused;
  write(byId('ceiling-calls'), `${run.granted} granted, ${run.refused} refused`);
  write(byId('ceiling-leased-units'), leased === null ? 'not known' : `${leased} of ${limit}`);
  write(byId('ceiling-spent-units'), `${run.spent} by these calls`);
  byId('ceiling-leased').style.width = shareOf(leased ?? 0, limit);
  byId('ceiling-spent').style.width = shareOf(run.spent, limit);
  write(byId('ceiling-trips'), tripsInWords(roundTrips, before.roundTrips, calls));
  // The gate logs each once per window, which may have been before this button was pressed.
  const windowBegan = Date.now() / 1000 - windowSeconds;
  for (const event of ['near', 'reached'] as const) {
    const moment = moments.findLast((one) => one.event === `ceiling_${event}` && one.at > windowBegan);
    write(byId(`ceiling-${event}`), moment ? momentInWords(moment) : '–');
  }
  if (run.last) write(byId('ceiling-fields'), fieldsOf(run.last));
}

function shareOf(units: number, limit: number): string {
  return `${Math.min(100, (units / limit) * 100)}%`;
}

/** How often the stack asked Redis for so many calls: "18 for 48 calls, 0.38 a call". */
export function tripsInWords(now: number | null, before: number | null, calls: number): string {
  if (now === null || before === null) return 'not counted: this Redis is not the stack’s own';
  const trips = now - before;
  return `${trips} for ${calls} calls, ${(trips / calls).toFixed(2)} a call`;
}

function momentInWords({ event, at, remaining, resetSeconds }: LimitsState['moments'][number]): string {
  const left = event === 'ceiling_near' ? `${remaining} units left` : `for ${durationInWords(resetSeconds)}`;
  return `${timeOfDay(at)}, ${left} (${event})`;
}

/** The fields of an answer that speak of limits, as they came. */
export function fieldsOf({ answer }: Exchange): string {
  const names = ['RateLimit-Policy', 'RateLimit', 'Retry-After'];
  const fields = names.flatMap((name) => {
    const value = answer.headers.get(name);
    return value === null ? [] : [`${name}: ${value}`];
  });
  return [`HTTP ${answer.status || 'no answer'}`, ...fields].join('\n');
}
