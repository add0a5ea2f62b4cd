import type { Controls } from '../controls.ts';
import { byId, write } from '../dom.ts';
import { type LabKit, SetupError } from '../lab/kit.ts';
import { describeRequest } from '../words/describeRequest.ts';
import { AnswerTable } from './answerTable.ts';
import { type Asked, askPolicies, storePolicies } from './askPolicies.ts';
import type { Stack, StackState } from './stack.ts';
import { bindSwitch } from './switches.ts';

const saysIn = 'redis-said';

/** Redis stopped and started, and what the gate answers meanwhile. */
export function openRedisPanel(controls: Controls, stack: Stack, kit: LabKit): void {
  const { canSwitch, canStopRedis, policy } = stack.state;
  bindSwitch(controls, stack, {
    name: 'storeFailure',
    groupId: 'store-choice',
    fixedId: 'redis-fixed',
    fixedNote:
      'Netlify’s emulator starts the gate anew for each call, so here it remembers nothing and asks Redis each time; under npm start it counts, and stops asking.',
    saysIn,
    words: {
      local: 'Without Redis, each instance of the gate counts in its own memory.',
      deny: 'Without Redis, the gate answers 503.',
      allow: 'Without Redis, the gate lets everybody through who has a valid pass.',
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
