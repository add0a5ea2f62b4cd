import type { ProofProgress, SessionError } from '../../../client/index.ts';
import type { Controls } from '../controls.ts';
import { byId, write } from '../dom.ts';
import { milliseconds } from '../words.ts';
import { bindSwitch, type Stack } from './stack.ts';
import { newVisitor, solve, triesOf } from './visitor.ts';

const saysIn = 'proof-said';

/** What a sign-up must bring, and what it takes to bring it. */
export function openProofPanel(controls: Controls, stack: Stack): void {
  bindSwitch(controls, stack, {
    name: 'admission',
    groupId: 'proof-choice',
    fixedId: 'proof-fixed',
    saysIn,
    words: {
      off: 'Sign-ups bring nothing and are not checked.',
      none: 'Sign-ups bring nothing. Each throwaway user gets a mark, and no other is exchanged.',
      'proof-of-work': 'Sign-ups bring a proof of work, or there is no user.',
      turnstile: 'Sign-ups bring a token of Turnstile.',
    },
  });
  const { identity, canSwitch } = stack.state;
  const unasked = canSwitch && !identity.asksEventFunction;
  for (const id of ['admission-none', 'admission-proof-of-work']) byId(id).hidden = unasked;
  byId('proof-unasked').hidden = !unasked;
  write(
    byId('proof-unasked'),
    `The GoTrue at ${identity.url} does not ask this site’s event function, so nothing can be demanded of a sign-up. Set its GOTRUE_WEBHOOK_URL to ${location.origin}/.netlify/functions/identity.`,
  );
  controls.bind('with-solver', () => beginAnew(true), { saysIn });
  controls.bind('without-solver', () => beginAnew(false), { saysIn });
}

async function beginAnew(withSolver: boolean): Promise<string> {
  let proof: string | undefined;
  let took: number | undefined;
  const visitor = newVisitor(withSolver ? async (context) => (proof = await solve(context)) : undefined);
  visitor.on('proof', (progress) => {
    took = progress.milliseconds;
    drawProgress(progress);
  });
  drawProgress({ fraction: 0 });
  show({ made: 'None', signUp: '…', pass: '…' });
  const startedAt = performance.now();
  try {
    await visitor.token();
  } catch (error) {
    const { name, code, status, reason } = error as SessionError;
    const isDenied = name === 'SessionError' && code === 'admission_denied';
    show({ signUp: isDenied ? `${status}: “${reason}”` : 'Not done', pass: 'None' });
    if (isDenied) return 'Refused by Identity in these words, for want of a proof: no user, no pass.';
    throw error;
  }
  const pass = `After ${milliseconds(performance.now() - startedAt)} in all`;
  if (proof === undefined) {
    show({ made: withSolver ? 'None: it was not asked for' : 'None', signUp: 'Accepted', pass });
    return 'A new pass; no proof was asked for.';
  }
  show({ made: proofInWords(took ?? 0, triesOf(proof)), signUp: 'Accepted', pass });
  return 'A new pass, paid for by a proof.';
}

function drawProgress({ fraction, milliseconds: took }: ProofProgress): void {
  (byId('proof-progress') as HTMLProgressElement).value = fraction;
  show({ made: took === undefined ? 'Working…' : proofInWords(took, undefined) });
}

function show({ made, signUp, pass }: { made?: string; signUp?: string; pass?: string }): void {
  if (made !== undefined) write(byId('proof-made'), made);
  if (signUp !== undefined) write(byId('proof-sign-up'), signUp);
  if (pass !== undefined) write(byId('proof-pass'), pass);
}

function proofInWords(tookMilliseconds: number, tries: number | undefined): string {
  const took = `In ${milliseconds(tookMilliseconds)}`;
  if (tries === undefined) return took;
  return `${took}, at try ${tries.toLocaleString('en')}`;
}
