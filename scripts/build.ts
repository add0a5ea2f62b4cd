import { buildCli } from './buildCli.ts';
import { buildPackage } from './buildPackage.ts';
import { buildSite } from './buildSite.ts';

// `npm run build`
await Promise.all([buildSite(), buildPackage(), buildCli()]);
console.log('Built dist/daypass*.js (script tag), dist/site (demo), dist/npm (package) and dist/cli (bin).');
