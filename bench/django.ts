import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findProgram } from '../test/support/optional.ts';
import { type Bench, MissingProgram, type Row } from './support/bench.ts';
import { against } from './support/report.ts';
import { exact, ratioOf } from './support/spread.ts';

const root = join(import.meta.dirname, '..');
const run = promisify(execFile);

/** What `python/bench.py` prints. */
interface Printed {
  /** CPU of a request, one of each round. */
  microseconds: Record<string, number[]>;
  queries: Record<string, number>;
  versions: Record<string, string>;
}

/** One view of REST framework, behind each way to authenticate. */
export const bench: Bench = {
  question: 'What does a request to Django cost behind each way to authenticate?',
  async run({ isQuick }) {
    const python = await makeEnvironment();
    const [rounds, calls] = isQuick ? [5, 300] : [25, 1000];
    const script = join(import.meta.dirname, 'python', 'bench.py');
    const { stdout } = await run(python, [script, `${rounds}`, `${calls}`]);
    const { microseconds, queries, versions } = JSON.parse(stdout) as Printed;
    const costOf = (name: string): number[] => {
      const rounds = microseconds[name];
      if (!rounds) throw new Error(`bench.py has not measured ${name}.`);
      return rounds;
    };
    const fresh = costOf('Daypass, token never seen');
    const seen = costOf('Daypass, token seen before');
    const simpleJwt = costOf('SimpleJWT, stateless');
    const rowOf = (what: string, ours: number[], baseline: string, others: number[]): Row => ({
      what: `request, ${what}`,
      baseline,
      figure: ratioOf(ours, others),
      unit: '×',
      note: against(ours, others, 'µs'),
    });
    const simpleJwtName = `SimpleJWT ${versions['djangorestframework-simplejwt']}, stateless`;
    const token = costOf("REST framework's token");
    return [
      { ...rowOf('token never seen', fresh, simpleJwtName, simpleJwt), toReach: { atMost: 1 } },
      { ...rowOf('token seen before', seen, simpleJwtName, simpleJwt), toReach: { atMost: 0.6 } },
      rowOf('token never seen', fresh, 'SimpleJWT, its user from the database', costOf('SimpleJWT')),
      rowOf('token never seen', fresh, `TokenAuthentication ${versions.djangorestframework}`, token),
      rowOf('token seen before', seen, `TokenAuthentication ${versions.djangorestframework}`, token),
      rowOf('token seen before', seen, 'no authentication', costOf('no check')),
      ...Object.entries(queries)
        .filter(([name]) => name.startsWith('Daypass'))
        .map(([name, count]) => ({
          what: name,
          baseline: '',
          figure: exact(count),
          unit: 'queries',
          toReach: { atMost: 0 },
        })),
    ];
  },
};

/** @returns the Python of the package's own environment, made where it is not there */
async function makeEnvironment(): Promise<string> {
  const python = findProgram('python3');
  if (!python) throw new MissingProgram('put python3 of 3.10 or newer on the PATH');
  try {
    const { stdout } = await run(python, [join(root, 'python/scripts/environment.py')], { timeout: 300_000 });
    return stdout.trim().split('\n').at(-1) as string;
  } catch (error) {
    const { stderr, message } = error as { stderr?: string; message: string };
    throw new MissingProgram(stderr?.trim().split('\n').at(-1) || message);
  }
}
