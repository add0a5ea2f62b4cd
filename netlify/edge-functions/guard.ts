import policy from '../../daypass.config.ts';
import { createSignupGuard } from '../../src/package/netlify.ts';

export default createSignupGuard(policy);

export const config = { path: '/.netlify/identity/*', onError: 'bypass' };
