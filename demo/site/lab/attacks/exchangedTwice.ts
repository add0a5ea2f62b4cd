import { type Attack, isRefusal, outcome } from '../attack.ts';
import { SetupError } from '../kit.ts';

export const exchangedTwice: Attack = {
  id: 'exchanged-twice',
  title: 'One Identity token, exchanged twice at once',
  attempt: 'Sends two exchanges of the same token in parallel, hoping for two sessions.',
  why: 'The broker reserves the user’s redemption in Redis before it deletes the user. That succeeds once, so only one exchange wins.',
  async run(kit) {
    const token = await kit.identityToken();
    const both = await Promise.all([kit.exchange(token), kit.exchange(token)]);
    const limited = both.find(({ answer }) => answer.status === 429);
    if (limited) throw new SetupError(limited);
    const granted = both.filter(({ answer }) => answer.status === 200);
    const refused = both.filter(({ answer }) =>
      isRefusal(answer, {
        status: 400,
        codes: ['already_exchanged', 'subject_token_user_gone'],
      }),
    );
    for (const exchanged of granted) kit.keepPass(exchanged);
    return {
      ...outcome(granted.length === 1 && refused.length === 1, both, 'One granted, one refused'),
      note: `${granted.length} access token${granted.length === 1 ? '' : 's'} issued, ${refused.length} refused.`,
    };
  },
};
