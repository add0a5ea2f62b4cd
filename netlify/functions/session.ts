import policy from '../../daypass.config.ts';
import { createBroker } from '../../src/package/netlify.ts';

export default createBroker(policy);

export const config = {
  path: ['/session/*', '/.well-known/oauth-authorization-server'],
  // A second wall around the policy's limits, counted before the function runs. Wide, since a backend introspects all of its
  // visitors' tokens from one address. Netlify reads literals alone, and takes anything but a list for ['domain'].
  rateLimit: { windowLimit: 60000, windowSize: 60, aggregateBy: ['ip', 'domain'] },
};
