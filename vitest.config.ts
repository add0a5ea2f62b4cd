import { configDefaults, defineConfig } from 'vitest/config';
import { SummaryReporter } from './test/support/reporter.ts';

/** Tests of what uses web standards alone: `npm run test:runtimes` runs them on Node and on Deno. */
const pure = [
  'test/runtimes.test.ts',
  'test/{protocol,policy,token,identity,store,limits,admission,broker,gate,guard,http,client}/**/*.test.ts',
  'test/runtime/**/*.test.ts',
  'test/vectors/vectors.test.ts',
];

export default defineConfig({
  test: {
    setupFiles: ['test/support/closedNetwork.ts'],
    reporters: ['default', new SummaryReporter()],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    projects: [
      { extends: true, test: { name: 'pure', include: pure } },
      {
        extends: true,
        test: {
          name: 'stack',
          globalSetup: ['test/support/buildOnce.ts'],
          include: ['test/**/*.test.ts'],
          exclude: [...configDefaults.exclude, ...pure],
        },
      },
    ],
  },
});
