import { beforeAll, describe } from 'vitest';
import policy from '../../../daypass.config.ts';
import type { DemoOptions } from '../../../demo/startDemo.ts';
import { startDemo } from '../../../demo/startDemo.ts';
import { startNetlifyDemo } from '../../../demo/startNetlifyDemo.ts';
import { readSettings } from '../../../dev/server/settings.ts';
import type { RunningSite } from '../../../dev/server/site.ts';
import { djangoPolicy } from '../../../examples/django/launcher/policy.ts';
import { prepareEnvironment } from '../../../examples/django/launcher/prepareEnvironment.ts';
import { startDjango } from '../../../examples/django/launcher/start.ts';
import type { Policy } from '../../../src/policy/types.ts';
import { describeWith, type OptionalPart } from '../../support/optional.ts';

/** What a test changes of a site. */
export interface StartOptions extends DemoOptions {
  /** Besides a port of its own. */
  variables?: Readonly<Record<string, string>>;
}

export type Start = (options?: StartOptions) => Promise<RunningSite>;

const settingsOf = (policy: Policy, options?: StartOptions) =>
  readSettings({ PORT: '0', ...options?.variables }, policy);

const quiet = { print: () => undefined, log: () => undefined };

export const startWithDjango: Start = (options) =>
  startDemo(settingsOf(djangoPolicy, options), djangoPolicy, {
    ...options,
    startApi: (verifier) => startDjango(verifier, quiet),
  });

/** What a way needs of the machine, and what it does once to be quick after that. */
interface Needs {
  part: OptionalPart;
  prepare(): Promise<unknown>;
}

/** The ways to run the same site, each on a port of its own. */
export const ways: [string, Start, Needs?][] = [
  ['npm start', (options) => startDemo(settingsOf(policy, options), policy, options)],
  [
    "Netlify's emulator",
    (options) =>
      startNetlifyDemo(settingsOf(policy, options), policy, {
        ...options,
        projectRoot: process.cwd(),
      }),
  ],
  [
    'npm run start:django',
    startWithDjango,
    { part: 'python 3.10', prepare: () => prepareEnvironment(quiet.print) },
  ],
];

/** `describe` once for each way, skipped where its part is missing. */
export function describeWays(body: (start: Start) => void): void {
  for (const [title, start, needs] of ways) {
    const describeWay = needs ? describeWith(needs.part) : describe;
    describeWay(`under ${title}`, () => {
      // An installation takes longer than a hook may.
      if (needs) beforeAll(needs.prepare, 300_000);
      body(start);
    });
  }
}
