import { execFileSync } from 'node:child_process';
import { bundleMore, bundlePage, bundleProof, bundleScript, bundleServer, bundleSolver } from './bundle.ts';
import { measurePageCost } from './pageCost.ts';

interface Measured {
  name: string;
  /** Largest size allowed, in bytes after GNU `gzip -9`. */
  budget: number;
  bundle(): Promise<string>;
  /** What a page has already: only what comes on top of it is measured. */
  beyond?(): Promise<string>;
}

const gzip = (text: string) => execFileSync('gzip', ['-9'], { input: text }).length;

/** What backends load when they have limits: the way to Redis. */
const withLimits = ['./wireSessionCheck.ts'];

/** Each is measured as one minified file with all that it imports at once. */
const table: readonly Measured[] = [
  { name: 'dist/daypass.js', budget: 6_000, bundle: bundleScript },
  { name: 'dist/daypass-more.js', budget: 2_700, bundle: bundleMore },
  { name: 'dist/daypass-proof.js', budget: 4_450, bundle: bundleProof },
  { name: 'dist/daypass-solver.js', budget: 2_000, bundle: bundleSolver },
  { name: 'daypass', budget: 8_500, bundle: () => bundlePage('client/index.ts', ['./xhr.ts']) },
  {
    name: 'daypass/react on top',
    budget: 600,
    bundle: () => bundlePage('client/react.ts', ['./xhr.ts', 'react']),
    beyond: () => bundlePage('client/index.ts', ['./xhr.ts']),
  },
  { name: 'daypass/verify', budget: 10_500, bundle: () => bundleServer('src/package/verify.ts') },
  { name: 'daypass/hono', budget: 15_200, bundle: () => bundleServer('src/package/hono.ts', withLimits) },
  {
    name: 'daypass/express',
    budget: 15_500,
    bundle: () => bundleServer('src/package/express.ts', withLimits),
  },
  { name: 'daypass/testing', budget: 14_100, bundle: () => bundleServer('src/package/testing.ts') },
  { name: 'daypass/identity', budget: 12_800, bundle: () => bundleServer('src/package/identity.ts') },
  { name: 'daypass/netlify', budget: 94_200, bundle: () => bundleServer('src/package/netlify.ts') },
];

let isOver = false;
console.log(
  `${'export'.padEnd(24)}${'bytes'.padStart(8)}${'budget'.padStart(8)}  (es2022 and safari15.4, minified, GNU gzip -9)`,
);
for (const { name, budget, bundle, beyond } of table) {
  const bytes = gzip(await bundle()) - (beyond ? gzip(await beyond()) : 0);
  isOver ||= bytes > budget;
  const verdict = bytes > budget ? `  ${bytes - budget} over` : '';
  console.log(`${name.padEnd(24)}${String(bytes).padStart(8)}${String(budget).padStart(8)}${verdict}`);
}
console.log(`\nA warm page parses and runs dist/daypass.js: ${await measurePageCost(await bundleScript())}.`);
if (isOver) process.exitCode = 1;
