import { identityPath } from '../../../../src/protocol/paths.ts';
import { type Attack, isRefusal, outcome } from '../attack.ts';
import { SetupError } from '../kit.ts';

export const memberExchanged: Attack = {
  id: 'member',
  title: 'A member’s Identity token, exchanged',
  attempt: 'Logs in as a real user of the site and exchanges that token, which would delete the user.',
  why: 'Only fresh users of the throwaway domain may be exchanged and deleted; everybody else is left alone.',
  local: true,
  async run(kit) {
    const member = await kit.createMember();
    try {
      const exchanged = await kit.exchange(member.identityToken);
      if (exchanged.answer.status === 429) throw new SetupError(exchanged);
      const headers = { Authorization: `Bearer ${member.identityToken}` };
      const asked = await kit.send('GET', `${identityPath}/user`, { headers });
      const refused = isRefusal(exchanged.answer, {
        status: 403,
        codes: ['not_throwaway'],
      });
      const alive = asked.answer.status === 200;
      return {
        ...outcome(refused && alive, [exchanged, asked]),
        note: alive
          ? 'Afterwards Identity still knows the member.'
          : 'Afterwards Identity no longer knows the member.',
      };
    } finally {
      await kit.deleteMember(member.id);
    }
  },
};
