import type { Controls } from '../controls.ts';
import { byId, make, write } from '../dom.ts';
import { type LabKit, SetupError } from '../lab/kit.ts';
import { describeRequest } from '../wire/describeRequest.ts';
import { type Exchange, textOf } from '../wire/exchange.ts';
import { kindOf, milliseconds, parseLimits } from '../words.ts';
import { type Asked, askPolicies, storePolicies } from './askPolicies.ts';
import { bindSwitch, type Stack, type StackState } from './stack.ts';

const saysIn = 'redis-said';

/** Redis stopped and started, and what the gate answers meanwhile. */
export function openRedisPanel(controls: Controls, stack: Stack, kit: LabKit): void {
  const { canSwitch, canStopRedis, policy } = stack.state;
  bindSwitch(controls, stack, {
    name: 'storeFailure',
    groupId: 'store-choice',
    fixedId: 'redis-fixed',
    fixedNote:
      'Netlify’s emulator starts a new gate for each call, so here it remembers nothing and asks Redis each time; under npm start it counts, and stops asking.',
    saysIn,
    words: {
      local: 'Without Redis, each instance of the gate counts in its own memory.',
      deny: 'Without Redis, the gate answers 503.',
      allow: 'Without Redis, the gate lets every call with a valid pass through.',
    },
  });
  const policies = canSwitch ? storePolicies : [policy.storeFailure];
  const table = new AnswerTable(byId('answers'), [...policies, 'exchange', 'return']);
  controls.bind('switch-redis', () => turnRedis(stack), { saysIn, listed: false });
  controls.bind('ask-policies', () => ask(stack, kit, table), { saysIn, listed: false });
  for (const id of ['switch-redis', 'ask-policies', 'answers-table']) byId(id).hidden = !canStopRedis;
  if (!canStopRedis) write(byId(saysIn), 'This stack’s Redis is not ours to stop.');
  byId('redis-patience').hidden = !canSwitch;
  if (!canSwitch) write(byId('ask-policies'), 'Ask the gate without Redis');
  stack.watch(drawRedis);
}

async function turnRedis(stack: Stack): Promise<string> {
  const redis = stack.state.redis === 'running' ? 'stopped' : 'running';
  await stack.change({ redis });
  return redis === 'stopped'
    ? 'Redis is stopped for the whole page. Call the API above, or get a pass.'
    : 'Redis is back.';
}

function drawRedis({ redis }: StackState): void {
  write(byId('redis-state'), redis);
  byId('redis-state').dataset.kind = redis === 'running' ? 'ok' : 'trouble';
  write(byId('switch-redis'), redis === 'running' ? 'Stop Redis' : 'Start Redis');
}

async function ask(stack: Stack, kit: LabKit, table: AnswerTable): Promise<string> {
  table.clear();
  try {
    await askPolicies(stack, kit, (asked: Asked, calls) => table.show(asked, calls));
  } catch (error) {
    throw error instanceof SetupError ? new Error(describeRequest(error.exchange)) : error;
  }
  return stack.state.redis === 'stopped'
    ? 'Redis is stopped again, as you left it.'
    : 'Everything is as it was before.';
}

const names: Readonly<Record<Asked, string>> = {
  local: 'Counts locally',
  deny: 'Refuses',
  allow: 'Lets through',
  exchange: 'Exchange',
  return: 'Exchange again',
};

/** Exchanges have no RateLimit fields when all is well; a gate that sends none is worth a word. */
const exchanges: readonly Asked[] = ['exchange', 'return'];

/** A line for each that is asked; the lines are there from the beginning, so that nothing moves. */
class AnswerTable {
  readonly #rows = new Map<Asked, HTMLElement>();

  constructor(body: HTMLElement, asked: readonly Asked[]) {
    for (const one of asked) {
      const row = make(
        'tr',
        { 'data-testid': `answer-${one}` },
        make('th', { scope: 'row' }, names[one]),
        make('td', {}),
        make('td', { class: 'number' }),
      );
      this.#rows.set(one, row);
    }
    body.replaceChildren(...this.#rows.values());
    this.clear();
  }

  clear(): void {
    for (const row of this.#rows.values()) {
      delete row.dataset.status;
      const [, answered, took] = row.children;
      for (const cell of [answered, took]) write(cell as HTMLElement, '–');
    }
  }

  /** @param calls in order; the last one is shown, and how long each took */
  show(asked: Asked, calls: readonly Exchange[]): void {
    const row = this.#rows.get(asked);
    const last = calls.at(-1);
    if (!row || !last) return;
    const { status, body } = last.answer;
    row.dataset.status = String(status);
    const [, answered, took] = row.children;
    answered?.replaceChildren(
      make('span', { class: 'status', 'data-kind': kindOf(status) }, String(status || 'none')),
      ' ',
      make('code', {}, textOf(body, 'code') ?? ''),
      make('small', {}, fieldsInWords(last) || (exchanges.includes(asked) ? '' : 'No RateLimit')),
    );
    took?.replaceChildren(...tookParts(calls));
  }
}

/** What an answer’s fields say of limits and waiting; empty when they say nothing. */
export function fieldsInWords({ answer }: Exchange): string {
  const left = parseLimits(answer.headers.get('ratelimit')).map(
    ({ name, parameters }) => `${name} ${parameters.r ?? '?'}`,
  );
  const retryAfter = answer.headers.get('retry-after');
  const parts: string[] = [];
  if (left.length > 0) parts.push(`RateLimit: ${left.join(', ')} left`);
  if (retryAfter !== null) parts.push(`Retry-After: ${retryAfter}`);
  return parts.join('; ');
}

/** The first of several calls took as long as it takes to give Redis up; the last shows what that saves. */
function tookParts(calls: readonly Exchange[]): (string | Node)[] {
  const [first = '', ...rest] = calls.map(({ answer }) => milliseconds(answer.milliseconds));
  const last = rest.at(-1);
  return last === undefined ? [first] : [first, make('small', {}, `then ${last}`)];
}
