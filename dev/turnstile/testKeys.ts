// Cloudflare's documented test keys and the token that their widgets give: public, and good for nothing else.

export const testSecrets = {
  alwaysPasses: '1x0000000000000000000000000000000AA',
  alwaysFails: '2x0000000000000000000000000000000AA',
  alreadySpent: '3x0000000000000000000000000000000AA',
} as const;

export const testSiteKey = '1x00000000000000000000AA';
export const dummyToken = 'XXXX.DUMMY.TOKEN.XXXX';
