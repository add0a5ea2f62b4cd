import { definePolicy } from 'daypass/netlify';

export default definePolicy({
  routes: [{ path: '/api/*' }],
});
