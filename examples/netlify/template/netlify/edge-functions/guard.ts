import { createSignupGuard } from 'daypass/netlify';
import policy from '../../daypass.config.ts';

export default createSignupGuard(policy);

export const config = { path: '/.netlify/identity/*', onError: 'bypass' };
