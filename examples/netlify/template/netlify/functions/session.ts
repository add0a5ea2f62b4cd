import { createBroker } from 'daypass/netlify';

// Loaded here, so that /session/status can say what is wrong with it.
export default createBroker(() => import('../../daypass.config.ts'));

export const config = { path: ['/session/*', '/.well-known/oauth-authorization-server'] };
