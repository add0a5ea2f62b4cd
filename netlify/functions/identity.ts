import policy from '../../daypass.config.ts';
import { createIdentityFunction } from '../../src/package/netlify.ts';

const { userValidate } = createIdentityFunction(policy);

// Netlify reads the names of the events from this literal; without it nobody calls the function.
export default { userValidate };
