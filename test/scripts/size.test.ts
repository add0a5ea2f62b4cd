import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { describeWith } from '../support/optional.ts';

/** What `npm run size` prints. A size over its budget is its exit code's to say. */
async function size(environment: NodeJS.ProcessEnv = {}): Promise<string> {
  const run = promisify(execFile)(process.execPath, ['scripts/size.ts'], {
    env: { ...process.env, ...environment },
  });
  return (await run.catch((error: { stdout: string }) => error)).stdout;
}

const row = /^dist\/daypass\.js +\d{4} +6000/m;
const cost = 'A warm page parses and runs dist/daypass.js: ';

describeWith('chromium')('npm run size', () => {
  test('prints what a warm page pays, beside an empty script', async () => {
    const printed = await size();
    expect(printed).toMatch(row);
    expect(printed.slice(printed.indexOf(cost))).toMatch(
      /: \d+\.\d\d ms, an empty script \d+\.\d\d ms \(Chromium [\d.]+, median of 21\)\.$/m,
    );
  });
});

test('npm run size says where there is no Chromium', async () => {
  const printed = await size({ CHROMIUM_PATH: '/nowhere/chromium' });
  expect(printed).toMatch(row);
  expect(printed).toContain(`${cost}not measured: put chromium on the PATH or set CHROMIUM_PATH.`);
});
