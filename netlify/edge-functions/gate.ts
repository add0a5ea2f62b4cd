import policy from '../../daypass.config.ts';
import { createGate } from '../../src/package/netlify.ts';

export default createGate(policy);

export const config = {
  path: '/api/*',
  // A second wall around the policy's limits: it counts IPv4 and IPv6 addresses one by one, before the gate runs.
  rateLimit: { windowLimit: 12000, windowSize: 60, aggregateBy: ['ip', 'domain'] },
};
