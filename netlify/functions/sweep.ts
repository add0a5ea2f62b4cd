import policy from '../../daypass.config.ts';
import { createSweep } from '../../src/package/netlify.ts';

export default createSweep(policy);

// A scheduled function has no path: Netlify alone calls it.
export const config = { schedule: '@hourly' };
