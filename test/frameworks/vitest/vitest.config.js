import { defineConfig } from 'vitest/config';

/** The site whose page the tests are in. */
const url = process.env.SITE_URL;

export default defineConfig({
  test: {
    include: ['*.spec.js'],
    testTimeout: 60_000,
    environmentOptions: { jsdom: { url }, happyDOM: { url } },
  },
});
