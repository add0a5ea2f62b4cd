import { definePolicy } from './src/policy/define.ts';

// The demo site's policy. Every field has a default; these are written out to be seen and tried.
export default definePolicy({
  audiences: {
    api: {
      secret: 'DAYPASS_SECRET',
      secondarySecret: 'DAYPASS_SECRET_SECONDARY',
      scopes: ['hello'],
    },
  },
  accessToken: { ttlSeconds: 300, sessionSeconds: 12 * 3600 },
  routes: [
    { path: '/api/hello', scope: 'hello', methods: ['GET'] },
    // A call that costs money, say: 40 a minute are all that visitors get, however many they are.
    {
      path: '/api/quote',
      methods: ['GET'],
      cost: 2,
      limits: { total: { limit: 80, windowSeconds: 60 } },
    },
    { path: '/api/*' },
  ],
});
