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
  routes: [{ path: '/api/hello', scope: 'hello', methods: ['GET'] }, { path: '/api/*' }],
});
