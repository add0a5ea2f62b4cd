import type { Limits, ProofOfWork } from './types.ts';

/** Limits of a site that says nothing about them. */
export const defaultLimits = {
  // As many as Identity itself lets one caller log in (30 in 5 minutes).
  exchange: { limit: 30, windowSeconds: 300 },
  site: { limit: 1200, windowSeconds: 60 },
  renewal: { limit: 20, windowSeconds: 300 },
  session: { limit: 60, windowSeconds: 60 },
  address: { limit: 600, windowSeconds: 60 },
  network: { limit: 3000, windowSeconds: 60 },
  status: { limit: 30, windowSeconds: 60 },
  challenge: { limit: 30, windowSeconds: 300 },
  // A lecture hall behind one address signs up within minutes; its members never meet this.
  signup: { limit: 300, windowSeconds: 300 },
  login: { limit: 600, windowSeconds: 300 },
} as const satisfies Limits;

export const defaultAudiences = {
  api: { secret: 'DAYPASS_SECRET', secondarySecret: 'DAYPASS_SECRET_SECONDARY' },
} as const;

export const defaultProofOfWork = {
  difficulty: 1000,
  highestDifficulty: 16_000,
  calmPerMinute: 60,
  ttlSeconds: 300,
} as const satisfies ProofOfWork;

export const defaultUpstream = 'DAYPASS_UPSTREAM';
export const defaultEmailDomain = 'visitor.invalid';
