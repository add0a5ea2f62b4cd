import { definePolicy } from '../../../src/policy/define.ts';

/**
 * As `daypass.config.ts`, and past it the addresses where members log in at the backend itself, those where it takes members
 * and visitors, and its style sheets.
 */
export const djangoPolicy = definePolicy({
  audiences: {
    api: { secret: 'DAYPASS_SECRET', secondarySecret: 'DAYPASS_SECRET_SECONDARY', scopes: ['hello'] },
  },
  routes: [
    { path: '/api/private/*', verify: false },
    { path: '/api/shared/*', verify: false },
    { path: '/api/static/*', verify: false, methods: ['GET'] },
    { path: '/api/hello', scope: 'hello', methods: ['GET'] },
    { path: '/api/*' },
  ],
});
