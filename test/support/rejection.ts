import { DaypassError } from '../../src/protocol/error.ts';

/** The code of the DaypassError that a call ends in, or what it did instead. */
export async function codeOf(call: () => unknown): Promise<string> {
  try {
    await call();
    return 'nothing was thrown';
  } catch (error) {
    return error instanceof DaypassError ? error.code : String(error);
  }
}
