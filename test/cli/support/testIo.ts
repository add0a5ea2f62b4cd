import { PassThrough, Readable } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import type { Io } from '../../../cli/output.ts';

export interface TestIo extends Io {
  /** All that was written until now. */
  readonly out: string;
  readonly error: string;
}

export interface TestIoOptions extends Partial<Omit<Io, 'stdin'>> {
  /** What is piped into it. */
  stdin?: string;
  /** A terminal at which somebody answers: the beginning of each question, and the key that is pressed then. */
  answers?: readonly (readonly [string, string])[];
}

/** A process without a terminal, whose output is kept. The network is closed unless `fetch` is given. */
export function createTestIo(given: TestIoOptions = {}): TestIo {
  const { stdin, answers = [], ...rest } = given;
  const written = { out: '', error: '' };
  const keys = new PassThrough();
  const open = [...answers];
  const answer = (text: string) => {
    const [question, key] = open[0] ?? [];
    if (question === undefined || !text.includes(question)) return;
    open.shift();
    setImmediate(() => keys.write(key));
  };
  return {
    cwd: import.meta.dirname,
    env: {},
    now: () => Date.parse('2026-11-29T12:00:00Z'),
    fetch: () => Promise.reject(new TypeError('fetch failed')),
    ...(stdin !== undefined && { stdin: Readable.from([stdin]) }),
    ...(answers.length > 0 && { stdin: keys }),
    isInteractive: answers.length > 0,
    hasColours: false,
    ...rest,
    writeOut: (text) => {
      written.out += text;
    },
    writeError: (text) => {
      written.error += text;
      answer(text);
    },
    get out() {
      return stripVTControlCharacters(written.out);
    },
    get error() {
      return stripVTControlCharacters(written.error);
    },
  };
}
