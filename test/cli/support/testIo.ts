import { Readable } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import type { Io } from '../../../cli/output.ts';

export interface TestIo extends Io {
  /** All that was written until now. */
  readonly out: string;
  readonly error: string;
}

/** A process without a terminal, whose output is kept. The network is closed unless `fetch` is given. */
export function createTestIo(given: Partial<Omit<Io, 'stdin'>> & { stdin?: string } = {}): TestIo {
  const { stdin, ...rest } = given;
  const written = { out: '', error: '' };
  return {
    cwd: import.meta.dirname,
    env: {},
    now: () => Date.parse('2026-11-29T12:00:00Z'),
    fetch: () => Promise.reject(new TypeError('fetch failed')),
    ...(stdin !== undefined && { stdin: Readable.from([stdin]) }),
    isInteractive: false,
    hasColours: false,
    ...rest,
    writeOut: (text) => {
      written.out += text;
    },
    writeError: (text) => {
      written.error += text;
    },
    get out() {
      return stripVTControlCharacters(written.out);
    },
    get error() {
      return stripVTControlCharacters(written.error);
    },
  };
}
