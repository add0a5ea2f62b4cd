import policy from '../../daypass.config.ts';
import { createGate } from '../../src/package/netlify.ts';

export default createGate(policy);

export const config = { path: '/api/*' };
