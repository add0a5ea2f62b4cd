/** Where a broker can be killed on its way through an exchange, in this order. */
export const steps = [
  'before-redemption',
  'after-redemption',
  'before-delete',
  'after-delete',
  'before-answer',
] as const;

export type KillStep = (typeof steps)[number];
