import { expect } from 'vitest';
import { type Comparison, compare, compareEvents } from './compare.ts';
import { compareHeaders, rebaseTotals } from './compareHeaders.ts';
import { compareFiltered, compareSomeUsers, listsAnybody } from './compareLists.ts';
import { prepare } from './prepare.ts';
import type { Entry } from './recording.ts';
import { repliesOf } from './replies.ts';
import { type Answer, readAnswer, requestOf } from './send.ts';
import type { Target } from './target.ts';

/** Repeats one recorded request and holds the answer and the events against the recorded ones. */
export async function replay(entry: Entry, target: Target, by: Comparison): Promise<void> {
  await prepare(entry, target, by.translation);
  for (const [event, reply] of Object.entries(repliesOf[entry.case] ?? {})) {
    target.own?.hook.reply(event, reply);
  }
  const answer = await readAnswer(await fetch(requestOf(entry.request, target.url, by.translation)));
  const calls = target.own?.hook.take();
  await compareAnswer(entry, answer, target, by);
  if (calls) await compareEvents(entry.events, calls, by);
}

async function compareAnswer(entry: Entry, answer: Answer, target: Target, by: Comparison): Promise<void> {
  const query = new URLSearchParams(entry.request.path.split('?')[1]);
  if (query.has('filter')) {
    const text = by.translation.toLive(query.get('filter') ?? '');
    // A live server may run on MariaDB, which cannot filter.
    if (target.own || answer.status === 200) return compareFiltered(answer, text);
  }
  const { status, headers, body } = entry.response;
  expect(answer.status).toBe(status);
  compareHeaders(
    target.own ? headers : rebaseTotals(headers, answer.headers, Number(query.get('per_page'))),
    answer.headers,
  );
  if (listsAnybody(entry)) return compareSomeUsers(body, answer.body, query.get('sort'));
  await compare(body, answer.body, 'the body', by);
}
