import { type Browser, chromium, type Page } from 'playwright-core';
import { bundleScript } from '../scripts/bundle.ts';
import { traceVisit } from '../scripts/pageCost.ts';
import { findProgram } from '../test/support/optional.ts';
import { bundleEntry, gzipBytesOf } from './client/bundle.ts';
import { standInForGoogle, startSite } from './client/site.ts';
import { type Bench, MissingProgram, type Row } from './support/bench.ts';
import { interleave } from './support/interleave.ts';
import { installOthers, versionOf } from './support/others.ts';
import { against } from './support/report.ts';
import { exact, ratioOf } from './support/spread.ts';

/** The clients, by their entry: the package that each is made of, and whether ours is meant to be smaller. */
const others = {
  appCheck: { name: '@firebase/app-check', isTarget: true },
  supabase: { name: '@supabase/auth-js', isTarget: true },
  netlifyIdentity: { name: '@netlify/identity', isTarget: true },
  gotrue: { name: 'gotrue-js', isTarget: false },
} as const;

type Entry = 'daypass' | keyof typeof others;

/** A page that gets an anonymous token and calls an API, with each client, from the same bundler. */
export const bench: Bench = {
  question: 'What does a page load and run to call an API with an anonymous token?',
  async run({ isQuick, defer }) {
    const executablePath = process.env.CHROMIUM_PATH ?? findProgram('chromium');
    if (!executablePath) throw new MissingProgram('put chromium on the PATH or set CHROMIUM_PATH');
    const { path } = await installOthers('client');
    const entries: Entry[] = ['daypass', ...(Object.keys(others) as (keyof typeof others)[])];
    const bundled = new Map(
      await Promise.all(entries.map(async (entry) => [entry, await bundleEntry(entry)] as const)),
    );
    const site = await startSite(new Map([...bundled.values()].flatMap(({ scripts }) => [...scripts])));
    defer(() => site.close());
    const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
    defer(() => browser.close());

    const rows: Row[] = [];
    const pages = new Map<Entry, Page>();
    const requests = new Map<Entry, { cold: string[]; warm: string[] }>();
    for (const entry of entries) {
      const context = await browser.newContext();
      const readGoogle = await standInForGoogle(context);
      const page = await context.newPage();
      await page.goto(`${site.origin}/page/${entry}`);
      const call = async () => {
        const status = await page.evaluate('callApi().then((response) => response.status)');
        if (status !== 200) throw new Error(`The call of ${entry} ended in ${status}.`);
        return [...readGoogle(), ...site.readRequests()];
      };
      requests.set(entry, { cold: await call(), warm: await call() });
      pages.set(entry, page);
    }

    const names = await Promise.all(Object.values(others).map(({ name }) => versionOf(path, name)));
    const tag = gzipBytesOf(await bundleScript());
    const sizeOf = (entry: Entry) => bundled.get(entry)?.gzipBytes as number;
    for (const [index, [entry, { isTarget }]] of Object.entries(others).entries()) {
      rows.push({
        what: 'daypass, bytes (gzip)',
        baseline: names[index] as string,
        figure: exact(sizeOf('daypass') / sizeOf(entry as Entry)),
        unit: '×',
        note: `${sizeOf('daypass')} against ${sizeOf(entry as Entry)}; dist/daypass.js, for a script tag, is ${tag}`,
        ...(isTarget && { toReach: { atMost: 1 } }),
      });
    }
    const timesToRun = await interleave(
      isQuick ? 5 : 21,
      Object.fromEntries(
        [...pages].map(([entry, page]) => [entry, () => millisecondsToRun(browser, page)]),
      ) as Record<Entry, () => Promise<number>>,
    );
    for (const [index, entry] of Object.keys(others).entries()) {
      const [ours, theirs] = [timesToRun.daypass, timesToRun[entry as Entry]];
      rows.push({
        what: 'daypass, time to run',
        baseline: names[index] as string,
        figure: ratioOf(ours, theirs),
        unit: '×',
        note: against(ours, theirs, 'ms'),
      });
    }
    for (const [index, entry] of entries.entries()) {
      const { cold, warm } = requests.get(entry) as { cold: string[]; warm: string[] };
      const what = entry === 'daypass' ? 'daypass' : (names[index - 1] as string);
      const isOurs = entry === 'daypass';
      const note = cold.join(', ');
      rows.push(
        {
          what: `${what}, cold`,
          baseline: '',
          figure: exact(cold.length),
          unit: 'requests',
          note,
          ...(isOurs && { toReach: { atMost: 4 } }),
        },
        {
          what: `${what}, warm`,
          baseline: '',
          figure: exact(warm.length),
          unit: 'requests',
          ...(isOurs && { toReach: { atMost: 1 } }),
        },
      );
    }
    return rows;
  },
};

/** To compile and to run a warm page's modules, in the thread's own time. */
async function millisecondsToRun(browser: Browser, page: Page): Promise<number> {
  const events = await traceVisit(browser, page, page.url());
  const modules = events.filter(({ name }) => name === 'v8.compileModule' || name === 'v8.evaluateModule');
  return modules.reduce((sum, { tdur = 0 }) => sum + tdur, 0) / 1000;
}
