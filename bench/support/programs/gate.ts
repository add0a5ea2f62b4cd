import { createGate, definePolicy } from '../../../src/package/netlify.ts';
import { serveProgram } from './serve.ts';

// One instance of the gate as Netlify's edge has it, for an address that the platform vouches for. Its variables are those
// of a site, and BENCH_POLICY, BENCH_ADDRESS.

const { BENCH_POLICY: policy = '{}', BENCH_ADDRESS: ip = '', URL: url = '' } = process.env;
const gate = createGate(definePolicy(JSON.parse(policy)));
const context = {
  ip,
  site: { url },
  deploy: { context: 'dev' },
  // The platform waits for it; the answer does not.
  waitUntil: () => undefined,
};

await serveProgram((request) => gate(request, context));
