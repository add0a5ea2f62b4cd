import { join } from 'node:path';

export default {
  output: 'export',
  // Where the modules are that the package needs.
  turbopack: { root: join(import.meta.dirname, '../../..') },
};
