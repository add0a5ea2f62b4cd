import { createBroker } from '../../src/package/netlify.ts';

// Loaded, not imported: a policy at fault is then told by /session/status, and does not end the function.
export default createBroker(() => import('../../daypass.config.ts'));

export const config = {
  path: ['/session/*', '/.well-known/oauth-authorization-server'],
  // A second wall around the policy's limits, counted before the function runs. Wide, since a backend introspects all of its
  // visitors' tokens from one address. Netlify reads literals alone, and takes anything but a list for ['domain'].
  rateLimit: { windowLimit: 60000, windowSize: 60, aggregateBy: ['ip', 'domain'] },
};
