import { buildPackage } from './buildPackage.ts';
import { buildSite } from './buildSite.ts';

// `npm run build`
await Promise.all([buildSite(), buildPackage()]);
console.log('Built dist/daypass*.js (script tag), dist/site (demo) and dist/npm (package).');
