import { createGate } from 'daypass/netlify';
import policy from '../../daypass.config.ts';

export default createGate(policy);

export const config = { path: '/api/*' };
