import { describeRequest } from '../words/describeRequest.ts';
import { durationInWords } from '../words/duration.ts';
import type { Attack, Outcome } from './attack.ts';
import { type LabKit, SetupError } from './kit.ts';

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
