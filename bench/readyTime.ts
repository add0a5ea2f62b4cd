import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Bench } from './support/bench.ts';
import { interleave, millisecondsOf } from './support/interleave.ts';
import { against } from './support/report.ts';
import { ratioOf } from './support/spread.ts';

const root = join(import.meta.dirname, '..');

/** `npm start` and `npm run start:netlify`, from the command to the line that says that all of it answers. */
export const bench: Bench = {
  question: 'How long until the dev servers are ready?',
  async run({ isQuick }) {
    const servers = { 'npm start': 'demo/serve.ts', 'npm run start:netlify': 'demo/serveNetlify.ts' };
    const node = () => millisecondsOf(() => runNode(['--eval', '0']));
    const rows = [];
    for (const [what, file] of Object.entries(servers)) {
      const ready = () => millisecondsOf(() => runNode([file], 'Daypass is ready'));
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
