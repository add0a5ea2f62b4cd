import { createSweep } from 'daypass/netlify';
import policy from '../../daypass.config.ts';

export default createSweep(policy);

export const config = { schedule: '@hourly' };
