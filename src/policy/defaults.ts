import type { Limits, ProofOfWork } from './types.ts';

/**
 * For what anybody can send at no cost. Short: an honest caller behind the address of one who does waits for 5 s at most.
 * Fixed: in a sliding window, calls that never end would leave it no moment.
 */
const free = { limit: 600, windowSeconds: 5, algorithm: 'fixed-window' } as const;

/** Limits of a site that says nothing about them. `docs/limits.md` has the reason of each number. */
export const defaultLimits = {
  exchange: { limit: 300, windowSeconds: 60 },
  exchangeRefused: free,
  site: { limit: 9000, windowSeconds: 60 },
  renewal: { limit: 20, windowSeconds: 300 },
  revoke: free,
  introspection: { limit: 60_000, windowSeconds: 60 },
  introspectionRefused: { limit: 30, windowSeconds: 60 },
  maintenance: { limit: 120, windowSeconds: 60 },
  maintenanceRefused: { limit: 30, windowSeconds: 60 },
  session: { limit: 60, windowSeconds: 60 },
  address: { limit: 6000, windowSeconds: 60 },
  network: { limit: 60_000, windowSeconds: 60 },
  status: { limit: 30, windowSeconds: 60 },
  challenge: free,
  signup: { limit: 300, windowSeconds: 60 },
  login: { limit: 600, windowSeconds: 60 },
  leaseSeconds: 1,
} as const satisfies Limits;

export const defaultAudiences = {
  api: { secret: 'DAYPASS_SECRET', secondarySecret: 'DAYPASS_SECRET_SECONDARY' },
} as const;

export const defaultProofOfWork = {
  difficulty: 1000,
  maxDifficulty: 16_000,
  baselinePerMinute: 60,
  ttlSeconds: 300,
} as const satisfies ProofOfWork;

export const defaultUpstream = 'DAYPASS_UPSTREAM';
export const defaultEmailDomain = 'visitor.invalid';

/** More than a form or a photo of a phone; a site for larger ones says so. */
export const defaultMaxBodyBytes = 10 * 1024 * 1024;

export const defaultRequestBody = {
  // An edge instance has 512 MB. A body costs up to three times its size: as it arrived, as it is sent, in the socket.
  bufferBytes: 64 * 1024 * 1024,
  // 10 MiB at 1.5 Mbit/s, a bad mobile connection.
  timeoutSeconds: 60,
} as const;
