// The frozen world of the vectors. Nothing here is random, so that the same files come out every time.

export const secret = 'Zq7Rk2Wm9Xc4Vb1Nn8Ls5Hd3Gf6Jt0Py-vectors';

/** Of the same audience, before or after a rotation. */
export const secondSecret = 'Tb3Yh8Uj1Ik6Ol9Pz2Mw5Qe7Ra4Sx0Dc-rotated';

/** The key of another audience: its backend can sign whatever it likes with it. */
export const adminSecret = 'Fg5Vc0Bn7Mk2Jh9Lp4Xs6Zd1Qw8Er3Ty-admin';

export const issuer = 'https://site.example';

export const now = 1_800_000_000;

/** 100 bytes: longer than a block of SHA-256, and long enough for HS512. */
export const longSecret =
  'Zq7Rk2Wm9Xc4Vb1Nn8Ls5Hd3Gf6Jt0PyTb3Yh8Uj1Ik6Ol9Pz2Mw5Qe7Ra4Sx0DcFg5Vc0Bn7Mk2Jh9Lp4Xs6Zd1Qw8Er3TyKjHg';
