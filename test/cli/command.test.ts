import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { CommandError, commonOptions, defineCommand, runCommandLine } from '../../cli/command.ts';
import { commands, main, oldestNode } from '../../cli/main.ts';
import { style, writeJson } from '../../cli/output.ts';
import { createTestIo } from './support/testIo.ts';

const echo = defineCommand({
  name: 'echo',
  summary: 'Say what was given',
  positionals: '<word>',
  options: {
    times: { type: 'string', short: 't', default: '1', placeholder: '<number>', description: 'How often' },
    loud: { type: 'boolean', description: 'In capitals' },
    also: { type: 'string', multiple: true, description: 'More words' },
  },
  variables: { WORD: 'Is said, too' },
  examples: ['daypass echo hello'],
  async run({ values, positionals, io, isJson }) {
    if (positionals[0] === 'fail')
      throw new CommandError('no_echo', 'There is no echo here.', { exitCode: 2, details: { walls: 0 } });
    if (positionals[0] === 'fall') throw new Error('unforeseen');
    const answer = { ...values, positionals, variable: io.env.WORD, colours: io.hasColours };
    if (isJson) writeJson(io, answer);
    else io.writeOut(style(io, 'red', JSON.stringify(answer)));
    return 0;
  },
});

async function run(args: readonly string[], given: Parameters<typeof createTestIo>[0] = {}) {
  const io = createTestIo(given);
  const exitCode = await runCommandLine([echo], args, io);
  return { exitCode, out: io.out, error: io.error };
}

test('a command gets its options, with their defaults, and its arguments', async () => {
  const { exitCode, out } = await run(['echo', 'hello', '--loud', '--also', 'a', '--also=b']);
  expect(exitCode).toBe(0);
  expect(JSON.parse(out)).toEqual({
    times: '1',
    loud: true,
    also: ['a', 'b'],
    positionals: ['hello'],
    colours: false,
  });
});

test.each([
  [['echo', '--lod'], 'There is no option --lod; did you mean --loud?'],
  [['echo', '--qqqqqqqqq'], 'There is no option --qqqqqqqqq. There are: --times, --loud, --also, --json,'],
  [['echo', '--times'], "Option '-t, --times <value>' argument missing. See daypass echo --help."],
  [['echo', '--loud=yes'], "Option '--loud' does not take an argument. See daypass echo --help."],
  [['echo', '-x'], 'There is no option -x'],
  [['echo', 'one', 'two'], '"two" is one argument too many. Usage: daypass echo <word> [options]'],
  [['ecko'], 'There is no command ecko; did you mean echo?'],
  [['echo', '--env-file', 'missing.env'], 'missing.env cannot be read: ENOENT.'],
])('%j is wrong usage', async (args, message) => {
  const { exitCode, out, error } = await run(args);
  expect(exitCode).toBe(64);
  expect(out).toBe('');
  expect(error).toContain(message);
});

test('errors have a code for programs, and the exit code that they say', async () => {
  const { exitCode, out, error } = await run(['echo', 'fail', '--json']);
  expect([exitCode, error]).toEqual([2, '']);
  expect(JSON.parse(out)).toEqual({
    error: { code: 'no_echo', message: 'There is no echo here.', walls: 0 },
  });
  const unparsable = await run(['echo', '--lod', '--json']);
  expect(unparsable.exitCode).toBe(64);
  expect(JSON.parse(unparsable.out).error.code).toBe('wrong_usage');
});

test('what nobody foresaw is broken, with its stack for a report', async () => {
  const { exitCode, error } = await run(['echo', 'fall']);
  expect(exitCode).toBe(1);
  expect(error).toMatch(/Something went wrong on our side\. Error: unforeseen\n +at /);
});

test('help shows options with their defaults, and examples', async () => {
  const { exitCode, out, error } = await run(['echo', '--help', 'one', 'two']);
  expect([exitCode, error]).toEqual([0, '']);
  expect(out).toContain('  daypass echo <word> [options]');
  expect(out).toMatch(/^ {2}-t, --times <number> +How often \(default: 1\)$/m);
  expect(out).toMatch(/^ {2}--also <value> +More words \(repeatable\)$/m);
  expect(out).toContain('\nVariables\n  WORD  Is said, too\n');
  expect(out).toContain('  daypass echo hello\n');
  expect((await run(['help', 'echo'])).out).toBe(out);
});

test('without a command, the overview is wrong usage; when asked for, it is the answer', async () => {
  const without = await run([]);
  expect([without.exitCode, without.out]).toEqual([64, '']);
  const asked = await run(['--help']);
  expect(asked).toEqual({ exitCode: 0, out: without.error, error: '' });
  expect(asked.out).toMatch(/^ {2}echo +Say what was given$/m);
});

test('variables of a file are read, and those of the environment prevail', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'daypass-env-'));
  try {
    writeFileSync(join(folder, 'some.env'), '# a comment\nWORD="from the file"\n');
    const args = ['echo', '--env-file', 'some.env'];
    expect(JSON.parse((await run(args, { cwd: folder })).out).variable).toBe('from the file');
    const piped = await run(['echo', '--env-file', '-'], { stdin: 'WORD=piped' });
    expect(JSON.parse(piped.out).variable).toBe('piped');
    const env = { WORD: 'from the environment' };
    expect(JSON.parse((await run(args, { cwd: folder, env })).out).variable).toBe('from the environment');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test.each(['--version', '-v'])('%s is the version of the package', async (flag) => {
  const io = createTestIo();
  const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8'));
  expect([await main([flag], io), io.out]).toEqual([0, `${version}\n`]);
});

test('the options that every command has are not among its own', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'daypass-env-'));
  try {
    writeFileSync(join(folder, 'some.env'), '');
    const { out } = await run(['echo', 'hello', '--json', '--env-file', 'some.env'], { cwd: folder });
    expect(JSON.parse(out)).toEqual({ times: '1', positionals: ['hello'], colours: false });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a secret in the wrong place is not repeated', async () => {
  const secret = 'Zl3x-9vQm7Kd2pWc8sNf4tYb6uHj1gRa';
  const token = `eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm9uIn0.${secret}`;
  for (const args of [[secret], ['echo', `--${secret}`], ['echo', 'a', token]]) {
    const { exitCode, error } = await run(args);
    expect([exitCode, error.includes(secret)]).toEqual([64, false]);
    expect(error).toContain('…');
  }
  // What people need to read stays.
  expect(
    (await run(['echo', '--env-file', '/home/Ada/projects/my-Shop2-of-long-names/.env'])).error,
  ).toContain('/home/Ada/projects/my-Shop2-of-long-names/.env');
});

test('an answer for programs has no colours', async () => {
  expect(JSON.parse((await run(['echo', '--json'], { hasColours: true })).out).colours).toBe(false);
});

test.each(commands.map((command) => [command.name, command] as const))(
  '%s can be helped',
  async (name, command) => {
    const io = createTestIo();
    expect(await main([name, '--help'], io)).toBe(0);
    expect(io.out).toContain(command.summary);
    expect(command.examples.length).toBeGreaterThan(0);
    for (const example of command.examples) expect(example).toMatch(new RegExp(`\\bdaypass ${name}\\b`));
    // Else one of the two would never be reached.
    for (const common of Object.keys(commonOptions)) expect(command.options).not.toHaveProperty([common]);
  },
);

test('a Node that is too old is named before any command begins', async () => {
  const refused = createTestIo();
  expect(await main(['secret', '--json'], refused, '22.11.0')).toBe(1);
  expect(JSON.parse(refused.out).error).toMatchObject({ code: 'node_too_old' });
  expect(refused.out).toContain('Node 22.12 or newer; this is 22.11.0');
  expect(await main(['secret', '--json'], createTestIo(), '22.12.0')).toBe(0);
  expect(await main(['secret', '--json'], createTestIo(), '24.0.0')).toBe(0);
});

test('the oldest Node is that of package.json', () => {
  const { engines } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8'));
  expect(`>=${oldestNode.join('.')}`).toBe(engines.node);
});
