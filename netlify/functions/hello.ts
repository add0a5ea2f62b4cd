import policy from '../../daypass.config.ts';
import { protect } from '../../src/package/netlify.ts';

/** A function of the site's own behind the same check as the gate's routes. */
export default protect((_request, { accessToken }) => Response.json({ hello: accessToken.subject }), {
  policy,
});

export const config = {
  path: '/hello',
  // A second wall around the policy's limits of one address and one network.
  rateLimit: { windowLimit: 12000, windowSize: 60, aggregateBy: ['ip', 'domain'] },
};
