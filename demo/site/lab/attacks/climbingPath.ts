import { type Attack, judge } from '../attack.ts';
import { callApi } from '../callApi.ts';

export const climbingPath: Attack = {
  id: 'climbing-path',
  title: 'A path that climbs out of the upstream',
  attempt: 'Hides slashes as %2f, which no browser tidies up, to get from /api to what lies beside it.',
  why: 'Upstreams differ in what they make of an encoded slash, so such a path is refused, never repaired.',
  async run(kit) {
    const called = await callApi(kit, await kit.sharedPass(), {
      path: '/api/%2f..%2fadmin',
    });
    return judge(called, { status: 400, codes: ['path_refused'] });
  },
};
