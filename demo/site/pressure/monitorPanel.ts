import type { Controls } from '../controls.ts';
import { byId, letKeyboardScroll, make } from '../dom.ts';
import { answersInWords, floodCalls, manyCalls } from '../lab/calls.ts';
import { type LabKit, SetupError } from '../lab/kit.ts';
import { describeRequest } from '../wire/describeRequest.ts';
import type { Exchange } from '../wire/exchange.ts';
import { awaitCounts, type CountRow, type Counts, countRows, readCounts, totalOf } from './counts.ts';
import { bindSwitch, type Stack, type StackState } from './stack.ts';

const saysIn = 'monitor-said';
const badCalls = 10;

/** What the gate refuses, or would have refused, and its counts. */
export function openMonitorPanel(controls: Controls, stack: Stack, kit: LabKit): void {
  bindSwitch(controls, stack, {
    name: 'mode',
    groupId: 'monitor-choice',
    fixedId: 'monitor-fixed',
    fixedNote:
      'Netlify’s emulator starts a new gate for each call, so its counts are lost here; under npm start they are kept.',
    saysIn,
    words: {
      enforce: 'The gate refuses.',
      monitor: 'The gate lets every call through, and counts those it would have refused.',
    },
  });
  const badTokens = () => manyCalls(kit, 'nonsense', badCalls);
  const overLimit = async () => floodCalls(kit, await kit.freshPass());
  controls.bind('bad-tokens', () => count(badTokens, stack.state), { saysIn, listed: false });
  controls.bind('over-limit', () => count(overLimit, stack.state), { saysIn, listed: false });
  const { canSwitch } = stack.state;
  byId('counts-scroll').hidden = !canSwitch;
  if (!canSwitch) return;
  // Once, so that the table is not empty; after that each press of a button reads them.
  void readCounts().then(
    (counts) => draw(counts, counts),
    () => undefined,
  );
}

async function count(work: () => Promise<Exchange[]>, { canSwitch, policy }: StackState): Promise<string> {
  const before = canSwitch ? await readCounts() : [];
  const calls = await work().catch((error) => {
    throw error instanceof SetupError ? new Error(describeRequest(error.exchange)) : error;
  });
  const said = [answersInWords(calls)];
  if (policy.mode === 'monitor' && calls.some(({ answer }) => answer.status === 401)) {
    said.push('The gate let them on; the API refused them itself.');
  }
  if (canSwitch) {
    const total = totalOf(before) + calls.length;
    const counts = await awaitCounts(total, (now) => draw(now, before));
    if (totalOf(counts) < total) said.push('Not all of them are counted yet.');
  }
  return said.join(' ');
}

function draw(counts: Counts, before: Counts): void {
  const rows = countRows(counts, before).map(rowOf);
  if (rows.length > 0) byId('counts').replaceChildren(...rows);
  letKeyboardScroll(byId('counts-scroll'));
}

function rowOf({ event, code, route, count, added }: CountRow): HTMLElement {
  const isNew = added > 0;
  return make(
    'tr',
    { 'data-testid': 'count', 'data-new': String(isNew) },
    make('th', { scope: 'row' }, event, code === '' ? undefined : make('code', {}, code)),
    make('td', {}, make('code', {}, route === '' ? '–' : route)),
    make('td', { class: 'number' }, String(count), make('small', {}, isNew ? `+${added}` : '')),
  );
}
