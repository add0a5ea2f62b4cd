import { createSession } from '../../client/index.ts';
import { Controls } from './controls.ts';
import { byId, write } from './dom.ts';
import { attacks } from './lab/attacks.ts';
import { target } from './lab/calls.ts';
import { createLabKit } from './lab/kit.ts';
import { LabPanel } from './lab/labPanel.ts';
import { Observer } from './pass/observe.ts';
import { findsPass, PassHolder, watchOtherTabs } from './pass/pass.ts';
import { openPressure, showPressure } from './pressure/openPressure.ts';
import { findLab, identityInWords, isLocal, Stack } from './pressure/stack.ts';
import { touchesUsers, UserCounter } from './pressure/users.ts';
import { solveWhen } from './pressure/visitor.ts';
import { type Send, send, watchFetch } from './wire/exchange.ts';
import { Runs, TimelinePanel } from './wire/timeline.ts';
import { durationInWords } from './words.ts';

const runs = new Runs();
const timeline = new TimelinePanel();
const pass = new PassHolder();
const users = new UserCounter();
const observer = new Observer(pass, users);
const drawRuns = () => timeline.draw(runs.all);

// Before the session is made, so that nothing it sends goes unseen.
watchFetch((seen) => {
  runs.add(seen, Date.now());
  drawRuns();
  if (seen.answer) observer.see({ request: seen.request, answer: seen.answer });
});

let stack: Stack | undefined;
let wasDenied = false;
/** Where the policy cannot be seen, a sign-up that was refused tells it. */
const prove = solveWhen(() => (stack ? stack.state.policy.admission === 'proof-of-work' : wasDenied));

const session = createSession({ prove });
session.on('error', ({ code }) => {
  wasDenied ||= code === 'admission_denied';
});

const controls = new Controls(
  (title) => {
    runs.begin(title, Date.now());
    drawRuns();
  },
  (said) => {
    runs.finish(said);
    drawRuns();
  },
);

function goodFor(): string {
  const left = (pass.state?.expiresAt ?? 0) - Date.now() / 1000;
  return `The pass is good for ${durationInWords(left)}.`;
}

controls.bind('get-pass', async () => {
  pass.take(await session.token());
  return goodFor();
});

controls.bind('call-api', async () => {
  const response = await session.fetch(target);
  return `The API answered ${response.status}.`;
});

controls.bind('renew', async () => {
  pass.take(await session.token({ renew: true }));
  return `Renewed. ${goodFor()}`;
});

controls.bind('revoke', async () => {
  if (!pass.state) return 'There is no pass to revoke.';
  await session.revoke();
  pass.drop({ revoked: true });
  return 'The session has ended.';
});

controls.bind('start-over', async () => {
  await session.revoke();
  pass.drop({ revoked: false });
  observer.clear();
  runs.clear();
  return 'Everything is as it was before the first visit.';
});

// What cannot be had is told at the next press of a button.
const takeStored = () =>
  session.token().then(
    (token) => pass.take(token),
    () => undefined,
  );
watchOtherTabs((gone) => (gone ? pass.drop({ revoked: true }) : void takeStored()));
if (findsPass()) void takeStored();

users.show(isLocal());
showPressure(isLocal());
const hasLab = await findLab();
stack = hasLab ? await Stack.find() : undefined;
write(byId('identity'), identityInWords(stack?.state.identity));
users.show(hasLab);
showPressure(stack !== undefined);
if (hasLab) users.start();
byId('lab-missing').hidden = hasLab;
const sendAndCount: Send = async (...request) => {
  const exchange = await send(...request);
  if (touchesUsers(exchange.request)) users.count();
  return exchange;
};
const makeProof = () => prove({ brokerUrl: '/session', report: () => undefined });
const kit = createLabKit(sendAndCount, makeProof);
new LabPanel(
  attacks.filter((attack) => hasLab || !attack.local),
  kit,
);
if (stack) openPressure({ controls, stack, kit, users, prove });
