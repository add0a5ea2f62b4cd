import { type Attack, outcome } from '../attack.ts';
import { floodCalls } from '../floodCalls.ts';

export const flood: Attack = {
  id: 'flood',
  title: 'A flood over the limit',
  attempt: 'Makes more calls than a session has in a minute, in a session of its own.',
  why: 'Redis counts the calls of each session; over the limit the gate answers 429 and says when to come back.',
  async run(kit) {
    const calls = await floodCalls(kit, await kit.freshPass());
    const passed = calls.filter(({ answer }) => answer.status === 200);
    const refused = calls.filter(({ answer }) => answer.status === 429);
    const held =
      refused.length > 0 &&
      passed.length + refused.length === calls.length &&
      refused.every(({ answer }) => Number(answer.headers.get('retry-after')) > 0);
    const shown = [passed, refused].flatMap((some) => {
      const last = some.at(-1);
      return last ? [{ ...last, times: some.length }] : [];
    });
    return {
      ...outcome(held, shown.length > 0 ? shown : calls.slice(0, 1), 'Limited'),
      note: `${calls.length} calls: ${passed.length} answered 200, ${refused.length} answered 429.`,
    };
  },
};
