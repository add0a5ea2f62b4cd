import { buildCli } from './buildCli.ts';
import { buildDevPackage, buildPackage } from './buildPackage.ts';
import { buildSite } from './buildSite.ts';

// `npm run build`
await Promise.all([buildSite(), buildPackage(), buildDevPackage(), buildCli()]);
console.log(
  'Built dist/daypass*.js (script tag), dist/site (demo), dist/npm (package), dist/cli (bin) and dev/dist (daypass-dev).',
);
