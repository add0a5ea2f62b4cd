/** What siteverify answers. */
export interface Outcome {
  success: boolean;
  'error-codes': string[];
  /** When the challenge was solved. */
  challenge_ts?: string;
  hostname?: string;
  action?: string;
  cdata?: string;
}

/** @param solvedAt milliseconds since the epoch */
export function succeed(solvedAt: number, action: string): Outcome {
  return {
    success: true,
    'error-codes': [],
    challenge_ts: new Date(solvedAt).toISOString(),
    hostname: 'localhost',
    action,
    cdata: '',
  };
}

export function refuse(error: string): Outcome {
  return { success: false, 'error-codes': [error] };
}
