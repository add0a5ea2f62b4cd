/**
 * How the bridge misbehaves, for tests of what depends on it:
 * - `hang`: the request is taken and never answered, and its commands do not run;
 * - `bad-gateway`: 502, as from a proxy whose upstream is gone, and the commands do not run;
 * - `rubbish`: 200 with a body that is no JSON, and the commands do not run;
 * - `slow`: the commands run at once, and their answer is held back, so that a caller may give up on what was done.
 */
export type BridgeFault =
  | { kind: 'hang' }
  | { kind: 'bad-gateway' }
  | { kind: 'rubbish' }
  | { kind: 'slow'; delayMilliseconds: number };
