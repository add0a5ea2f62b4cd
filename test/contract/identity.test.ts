import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Comparison } from './support/compare.ts';
import { compareHeaders } from './support/compareHeaders.ts';
import { plantEarlierUsers } from './support/prepare.ts';
import { type Entry, entriesOf, summaryOf } from './support/recording.ts';
import { replay } from './support/replay.ts';
import { readAnswer } from './support/send.ts';
import { findLiveServer, openTarget, type Target } from './support/target.ts';
import { Translation } from './support/translation.ts';

// Replays what a real GoTrue answered, in order, against the dev identity; or, with IDENTITY_URL and
// IDENTITY_OPERATOR_TOKEN set, against that server, as far as its configuration and its events allow.
// Identifiers, times, tokens and signatures differ in each run: they are checked for their form, for what is
// in them, and for being the same wherever the recorded ones were the same.

const live = await findLiveServer();
const nilUuid = '00000000-0000-0000-0000-000000000000';

/** These look at users whom the hook cases before them have changed. */
const afterHooks = [
  'the update that modified denied is there',
  'after modified answered with other metadata',
  'the user whose deletion was denied',
];

/** What a live server lacks for an entry, in words for the list of skips. */
function lackFor(entry: Entry): string | undefined {
  if (!live) return undefined;
  // GoTrue's admin group is `admin` unless it is told another.
  if (live.mode !== entry.mode && !(live.mode === 'open' && entry.mode === 'admin'))
    return `a live server in mode ${entry.mode}: this one is in mode ${live.mode}`;
  const answered = entry.case.startsWith('hook: ') || afterHooks.includes(entry.case);
  return answered ? 'event calls that the test answers' : undefined;
}

describe.each(['open', 'confirm', 'closed', 'admin', 'audience'] as const)('GoTrue, %s', (mode) => {
  let target: Target;
  let by: Comparison;

  beforeAll(async () => {
    target = await openTarget(mode, live);
    by = {
      translation: new Translation(target.operatorToken),
      jwtSecret: target.own?.identity.jwtSecret,
      webhookSecret: target.own?.identity.webhookSecret,
      instanceId: target.own?.identity.instanceId ?? nilUuid,
    };
    if (!live || live.mode === mode || (live.mode === 'open' && mode === 'admin'))
      await plantEarlierUsers(target, mode);
  });

  afterAll(() => target.close());

  // A slow hook takes 15 s: identitySlowHook.test.ts speeds up the clock for it.
  for (const entry of entriesOf(mode).filter((each) => !each.case.endsWith('slow'))) {
    const lack = lackFor(entry);
    const title = lack ? `${entry.case} [needs ${lack}]` : entry.case;
    test.skipIf(lack !== undefined)(title, () => replay(entry, target, by));
  }
});

const limitLack = live ? ' [needs a live server that limits /token]' : '';

test(`GoTrue, limited: 40 token requests of one client${limitLack}`, async (context) => {
  const { statuses = [], last } = summaryOf('limited', '40 token requests of one client');
  const target = await openTarget('limited', live);
  const body = 'grant_type=password&username=nobody%40visitor.invalid&password=wrong';
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const answers = [];
  for (const _ of statuses) {
    answers.push(await readAnswer(await fetch(`${target.url}/token`, { method: 'POST', headers, body })));
  }
  await target.close();

  const allowed = answers.findIndex((answer) => answer.status === 429);
  context.skip(live !== undefined && allowed < 0);
  // The replay above may have used up some of a live server's limit.
  const expected = live ? [...statuses.slice(0, allowed), ...statuses.slice(allowed).fill(429)] : statuses;
  expect(answers.map((answer) => answer.status)).toEqual(expected);
  expect(answers.at(-1)?.body).toEqual(last?.body);
  compareHeaders(last?.headers ?? {}, answers.at(-1)?.headers ?? new Headers());
});
