import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { delimiter, join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';

/** Odd, so that there is a median. */
const visits = 21;

/** Of Chromium's trace; times in microseconds. */
interface TraceEvent {
  name: string;
  dur?: number;
  /** The same, of the thread's own time. */
  tdur?: number;
  args: { data?: { url?: string } };
}

/**
 * Measures what a script costs a warm page in Chromium (`CHROMIUM_PATH`, or the one on the PATH): to parse and to run it
 * out of the browser's cache, as Chromium's own trace times it. The median of some visits, next to that of an empty script.
 * @param script loaded by a tag that names `/api/`
 * @returns a sentence
 */
export async function measurePageCost(script: string): Promise<string> {
  const found = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'chromium'));
  const executablePath = process.env.CHROMIUM_PATH ?? found.find((file) => existsSync(file));
  const launched = executablePath && chromium.launch({ executablePath, args: ['--no-sandbox'] });
  const browser = await Promise.resolve(launched).catch(() => undefined);
  if (!browser) return 'not measured: put chromium on the PATH or set CHROMIUM_PATH';
  const server = serve({ script, empty: '' });
  try {
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const [cost, empty] = [await median(browser, origin, 'script'), await median(browser, origin, 'empty')];
    return `${cost} ms, an empty script ${empty} ms (Chromium ${browser.version()}, median of ${visits})`;
  } catch (error) {
    return `not measured: ${(error as Error).message}`;
  } finally {
    await browser.close();
    server.close();
  }
}

function serve(scripts: Record<string, string>): Server {
  return createServer(({ url = '' }, response) => {
    const [, kind, name = ''] = url.split('/');
    const type = kind === 'page' ? 'text/html' : 'text/javascript';
    response.writeHead(200, { 'content-type': type, 'cache-control': 'max-age=3600' });
    response.end(
      kind === 'page'
        ? `<!doctype html><link rel="icon" href="data:,"><script src="/script/${name}" data-api="/api/"></script>`
        : scripts[name],
    );
  });
}

/** What Chromium's trace says of a visit. */
export async function traceVisit(browser: Browser, page: Page, url: string): Promise<TraceEvent[]> {
  await browser.startTracing(page, {
    categories: ['devtools.timeline', 'disabled-by-default-devtools.timeline', 'v8'],
  });
  await page.goto(url);
  const { traceEvents } = JSON.parse((await browser.stopTracing()).toString());
  return traceEvents;
}

async function median(browser: Browser, origin: string, name: string): Promise<string> {
  const context = await browser.newContext();
  const page = await context.newPage();
  const visit = () => page.goto(`${origin}/page/${name}`);
  await visit();
  const times: number[] = [];
  for (let count = 0; count < visits; count += 1) {
    const events = (await traceVisit(browser, page, `${origin}/page/${name}`)).filter(
      // Compilation included, from V8's own cache where it has one.
      (event) => event.name === 'EvaluateScript' && event.args.data?.url === `${origin}/script/${name}`,
    );
    times.push(events.reduce((sum, { dur = 0 }) => sum + dur, 0) / 1000);
  }
  await context.close();
  return (times.sort((one, other) => one - other)[(visits - 1) / 2] ?? Number.NaN).toFixed(2);
}
