import { relative } from 'node:path';
import { buildPackage } from './buildPackage.ts';
import { buildSite } from './buildSite.ts';
import { root } from './bundle.ts';

// `npm run build`: the script-tag build and the demo site, and the npm package.
const folders = await Promise.all([buildSite(), buildPackage()]);
console.log(`Built ${['dist/daypass.js', ...folders.map((folder) => relative(root, folder))].join(', ')}`);
