import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { buildDevPackage } from '../scripts/buildPackage.ts';
import type { Bench } from './support/bench.ts';
import { interleave, millisecondsOf } from './support/interleave.ts';
import { against } from './support/report.ts';
import { ratioOf } from './support/spread.ts';

const root = join(import.meta.dirname, '..');

/** `npm start`, `npm run start:netlify` and `daypass dev`, from the command to the line that says that all of it answers. */
export const bench: Bench = {
  question: 'How long until the dev servers are ready?',
  async run({ isQuick }) {
    await buildDevPackage();
    // The same site in each.
    const dev = ['cli/bin.ts', 'dev', '--upstream', 'http://127.0.0.1:9'];
    const servers = {
      'npm start': ['demo/serve.ts'],
      'npm run start:netlify': ['demo/serveNetlify.ts'],
      'daypass dev': [...dev, '--publish', 'dist/site'],
      'daypass dev -- vite': [...dev, '--', 'vite', 'demo/site'],
    };
    const node = () => millisecondsOf(() => runNode(['--eval', '0']));
    const rows = [];
    for (const [what, args] of Object.entries(servers)) {
      const ready = () => millisecondsOf(() => runNode(args, 'Daypass is ready'));
      const rounds = await interleave(isQuick ? 1 : 5, { ready, node }, isQuick ? 0 : 1);
      const note = against(rounds.ready, rounds.node, 'ms');
      rows.push({
        what,
        baseline: 'node --eval 0',
        figure: ratioOf(rounds.ready, rounds.node),
        unit: '×',
        note,
      });
    }
    return rows;
  },
};

/** Runs Node until it has printed the word, or to its end where there is none. */
async function runNode(args: readonly string[], word?: string): Promise<void> {
  const env = { ...process.env, PORT: '0' };
  const child = spawn(process.execPath, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'ignore'] });
  const exited = once(child, 'exit');
  let output = '';
  for await (const text of child.stdout.setEncoding('utf8')) {
    output += text;
    if (word !== undefined && output.includes(word)) break;
  }
  if (word !== undefined) {
    if (!output.includes(word)) throw new Error(`node ${args.join(' ')} ended with: ${output}`);
    child.kill('SIGINT');
  }
  await exited;
}
