import policy from '../../daypass.config.ts';
import { createBroker } from '../../src/package/netlify.ts';

export default createBroker(policy);

export const config = { path: ['/session/*', '/.well-known/oauth-authorization-server'] };
