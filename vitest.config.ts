import { availableParallelism } from 'node:os';
import { configDefaults, defineConfig } from 'vitest/config';
import { SummaryReporter } from './test/support/reporter.ts';

/** Tests of what uses web standards alone: `npm test` runs them on Node, `npm run test:runtimes` on Deno. */
const pure = [
  'test/runtimes.test.ts',
  'test/{protocol,policy,token,identity,store,limits,admission,broker,gate,paths,guard,http,client}/**/*.test.ts',
  'test/netlify/**/*.test.ts',
  'test/vectors/vectors.test.ts',
];

/** Ends what hangs. It says nothing of speed: on a machine that is busy with other things every test takes longer. */
const hangMilliseconds = 300_000;

export default defineConfig({
  test: {
    // Tests spend much of their time waiting: for timers, for programs that start, for a browser.
    maxWorkers: Math.min(8, 2 * availableParallelism()),
    setupFiles: ['test/support/closedNetwork.ts'],
    reporters: ['default', new SummaryReporter()],
    testTimeout: hangMilliseconds,
    hookTimeout: 2 * hangMilliseconds,
    teardownTimeout: hangMilliseconds,
    expect: { poll: { timeout: 240_000, interval: 20 } },
    projects: [
      { extends: true, test: { name: 'pure', include: pure } },
      {
        extends: true,
        test: {
          name: 'stack',
          // Browsers, emulators and servers share the machine with all else: once is told, twice is a failure.
          retry: 1,
          globalSetup: ['test/support/buildOnce.ts'],
          include: ['test/**/*.test.ts'],
          exclude: [...configDefaults.exclude, ...pure],
        },
      },
    ],
  },
});
