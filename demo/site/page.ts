import { createSession } from '../../client/index.ts';
import { openAddToSite } from './addToSite.ts';
import { Controls } from './controls.ts';
import { byId, foldOnPhones, write } from './dom.ts';
import { attacks } from './lab/attacks.ts';
import { target } from './lab/calls.ts';
import { createLabKit } from './lab/kit.ts';
import { LabPanel } from './lab/labPanel.ts';
import { Observer } from './pass/observe.ts';
import { callRevoked, PassHolder, watchOtherTabs } from './pass/pass.ts';
import { readLimits } from './pressure/ceilingPanel.ts';
import { openPressure, showPressure } from './pressure/openPressure.ts';
import { findLab, identityInWords, isLocal, Stack } from './pressure/stack.ts';
import { touchesUsers, UserCounter } from './pressure/users.ts';
import { solveWhen } from './pressure/visitor.ts';
import { type Send, send, watchFetch } from './wire/exchange.ts';
import { Picture } from './wire/picture.ts';
import { Runs, TimelinePanel } from './wire/timeline.ts';
import { durationInWords } from './words.ts';

foldOnPhones();
openAddToSite();

const runs = new Runs();
const timeline = new TimelinePanel();
const picture = new Picture();
const pass = new PassHolder();
const users = new UserCounter();
const observer = new Observer(pass, users);
const drawRuns = () => timeline.draw(runs.all);

// Before the session is made, so that nothing it sends goes unseen.
watchFetch((seen) => {
  runs.add(seen, Date.now());
  drawRuns();
  picture.show(seen);
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
    picture.clear();
    runs.begin(title, Date.now());
    drawRuns();
  },
  (said) => {
    runs.finish(said);
    drawRuns();
  },
);

async function callApi(): Promise<string> {
  const response = await session.fetch(target);
  // One that was stored, or is of another tab, has not been seen here yet.
  pass.take(await session.token());
  return `The API answered ${response.status}.`;
}

/** The first sign-up of a site that asks for a proof tells that it does; the second one brings it. */
async function callOnLoad(): Promise<string> {
  return callApi().catch(async (error) => {
    if (stack || !wasDenied) throw error;
    await new Promise((end) => setTimeout(end, (error.retryAfterSeconds ?? 1) * 1000));
    return callApi();
  });
}

controls.bind('call-api', callApi);

controls.bind('renew', async () => {
  pass.take(await session.token({ renew: true }));
  const left = (pass.state?.expiresAt ?? 0) - Date.now() / 1000;
  return `Renewed. The pass is good for ${durationInWords(left)}.`;
});

controls.bind('revoke', async () => {
  if (!pass.state) return 'There is no pass to revoke.';
  const token = await session.token();
  await session.revoke();
  const answer = await callRevoked(target, token);
  pass.drop(`${answer} The next call gets a new one.`);
  return `The pass was revoked. ${answer}`;
});

controls.bind('start-over', async () => {
  await session.revoke();
  pass.drop();
  observer.clear();
  picture.clear();
  runs.clear();
  return 'Everything is as it was before the first visit.';
});

// A failure shows at the next press of a button.
const takeStored = () =>
  session.token().then(
    (token) => pass.take(token),
    () => undefined,
  );
watchOtherTabs((gone) =>
  gone ? pass.drop('Another tab revoked it. The next call gets a new one.') : void takeStored(),
);

// Room for it, so that nothing moves when it comes.
showPressure(isLocal());
const hasLab = await findLab();
stack = hasLab ? await Stack.find() : undefined;
write(byId('identity'), identityInWords(stack?.state.identity));
showPressure(stack !== undefined);
if (hasLab) users.start();
byId('lab-missing').hidden = hasLab;
const sendAndCount: Send = async (...request) => {
  const exchange = await send(...request);
  if (touchesUsers(exchange.request)) users.count();
  return exchange;
};
const makeProof = () => prove({ brokerUrl: '/session', report: () => undefined });
const roundTrips = async () => (hasLab ? ((await readLimits()).roundTrips ?? undefined) : undefined);
const kit = createLabKit(sendAndCount, makeProof, roundTrips);
new LabPanel(
  attacks.filter((attack) => hasLab || !attack.local),
  kit,
);
if (stack) openPressure({ controls, stack, kit, users, prove });
await controls.run('On load', callOnLoad);
