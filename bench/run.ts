import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { jwtVerify } from 'jose';
import { createDevIdentity, type DevIdentity } from '../src/dev/identity/create.ts';
import { verifyToken } from '../src/token/verify.ts';
import { atMost, type Figure } from '../test/abuse/support/figures.ts';
import { printFigures } from '../test/abuse/support/table.ts';
import { goodClaims, goodHeader, issuer, now, ring, secret, sign } from '../test/support/tokens.ts';

// `npm run bench`: what takes time, as ratios of two things that are timed in turn in this run, so that neither another
// machine nor one that is busy changes what they say. Ends with 1 when a ratio is above its bound in two tries.

/** Something that takes time. */
type Work = () => unknown;

interface Ratio {
  what: string;
  bound: number;
  /** How often each of the two is timed; the medians are compared. */
  times: number;
  /** @returns the work, and what it is compared with */
  prepare(): Promise<[Work, Work]>;
}

const root = join(import.meta.dirname, '..');

/** Runs Node until it has printed the word, or has ended. */
async function runNode(args: readonly string[], word?: string): Promise<void> {
  const env = { ...process.env, PORT: '0' };
  const child = spawn(process.execPath, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'ignore'] });
  const exited = once(child, 'exit');
  if (word !== undefined) {
    let said = '';
    for await (const text of child.stdout.setEncoding('utf8')) {
      said += text;
      if (said.includes(word)) break;
    }
    if (!said.includes(word)) throw new Error(`node ${args.join(' ')} ended with: ${said}`);
    child.kill('SIGINT');
  }
  await exited;
}

const ready = (file: string) => async (): Promise<[Work, Work]> => [
  () => runNode([file], 'Daypass is ready'),
  () => runNode(['--eval', '0']),
];

const operatorToken = 'operator';

function plant(count: number): DevIdentity {
  const identity = createDevIdentity({ operatorToken, commitDelayMs: 0 });
  for (let index = 0; index < count; index += 1) {
    const createdAt = new Date(Date.UTC(2026, 0, 1) + index * 250).toISOString();
    identity.users.plant({ email: `user-${index}@visitor.invalid`, createdAt });
  }
  return identity;
}

async function call(identity: DevIdentity, path: string, method: string): Promise<void> {
  const headers = { authorization: `Bearer ${operatorToken}` };
  const response = await identity.fetch(new Request(`http://localhost${path}`, { method, headers }));
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status}`);
  await response.arrayBuffer();
}

const deleteAll = (count: number) => async () => {
  const identity = plant(count);
  for (const { id } of identity.users.list()) await call(identity, `/admin/users/${id}`, 'DELETE');
};

const ratios: readonly Ratio[] = [
  {
    what: '`npm start` until it is ready, to Node alone',
    bound: 60,
    times: 5,
    prepare: ready('src/dev/serve.ts'),
  },
  {
    what: '`npm run start:netlify` until it is ready, to Node alone',
    bound: 300,
    times: 3,
    prepare: ready('src/dev/serveNetlify.ts'),
  },
  {
    what: 'an access token verified, to jose alone',
    bound: 4,
    times: 9,
    async prepare() {
      const token = await sign(goodHeader, goodClaims);
      const key = new TextEncoder().encode(secret);
      const options = { currentDate: new Date(now * 1000), algorithms: ['HS256'] };
      const repeat = (verify: Work) => async () => {
        for (let index = 0; index < 2_000; index += 1) await verify();
      };
      return [
        repeat(() => verifyToken(token, { keyRing: ring, issuer, deployContexts: ['production'], now })),
        repeat(() => jwtVerify(token, key, options)),
      ];
    },
  },
  {
    // Eight times the work; a search through all users at each would make it sixty-four.
    what: 'dev identity: 8 000 users made and deleted, to 1 000',
    bound: 24,
    times: 3,
    prepare: async () => [deleteAll(8_000), deleteAll(1_000)],
  },
  {
    // Ten times the users, who are sorted.
    what: 'dev identity: a page of 20 000 users, to one of 2 000',
    bound: 40,
    times: 5,
    async prepare() {
      const page = (identity: DevIdentity) => () =>
        call(identity, '/admin/users?per_page=100&sort=created_at%20asc', 'GET');
      return [page(plant(20_000)), page(plant(2_000))];
    },
  },
];

async function millisecondsOf(work: Work): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
}

async function measure({ what, bound, times, prepare }: Ratio): Promise<Figure> {
  const [work, yardstick] = await prepare();
  // The first of each warms up what it needs.
  await work();
  await yardstick();
  const [ours, others]: [number[], number[]] = [[], []];
  for (let time = 0; time < times; time += 1) {
    ours.push(await millisecondsOf(work));
    others.push(await millisecondsOf(yardstick));
  }
  return atMost(`${what} (${median(ours).toFixed(1)} ms)`, median(ours) / median(others), bound, ' ×');
}

let holds = true;
for (const ratio of ratios) {
  let figure = await measure(ratio);
  if (!figure.holds) figure = await measure(ratio);
  printFigures([figure]);
  holds &&= figure.holds;
}
process.exit(holds ? 0 : 1);
