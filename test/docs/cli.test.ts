import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import {
  type Command,
  commonOptions,
  describeOption,
  formatOption,
  parseCommand,
} from '../../cli/command.ts';
import { commands } from '../../cli/main.ts';
import { expectShown } from './generated.ts';

// docs/cli.md shows each command as the command describes itself.

const escapeCell = (text: string) => text.replaceAll('|', '\\|');

/** The rows of a table, each column as wide as its widest cell. */
function formatTable(rows: readonly (readonly [string, string])[]): string[] {
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  const [head, ...body] = rows.map(
    (row) => `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`,
  );
  return [head ?? '', `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...body];
}

function formatCommand({ name, summary, positionals, options, examples, variables = {} }: Command): string {
  const rows = Object.entries(options).map(([option, row]): [string, string] => [
    `\`${escapeCell(formatOption(option, row))}\``,
    escapeCell(describeOption(row)),
  ]);
  const variableRows = Object.entries(variables).map(([variable, description]): [string, string] => [
    `\`${variable}\``,
    description,
  ]);
  return [
    `### daypass ${name}`,
    '',
    `${summary}.`,
    '',
    '```',
    `daypass ${name}${positionals ? ` ${positionals}` : ''} [options]`,
    '```',
    '',
    ...(rows.length > 0 ? [...formatTable([['option', 'what it does'], ...rows]), ''] : []),
    ...(Object.keys(variables).length > 0
      ? [...formatTable([['variable', 'what it is for'], ...variableRows]), '']
      : []),
    '```sh',
    ...examples.map((example) => example.replace(/^daypass/, 'npx daypass')),
    '```',
  ].join('\n');
}

test('every command is shown with its options and examples', () => {
  const common = Object.entries(commonOptions).map(([name, option]): [string, string] => [
    `\`${formatOption(name, option)}\``,
    option.description,
  ]);
  const shown = [
    'Every command has these options:',
    '',
    ...formatTable([['option', 'what it does'], ...common]),
    '',
    commands.map(formatCommand).join('\n\n'),
  ];
  expectShown('docs/cli.md', new Map([['commands', shown.join('\n')]]));
});

/** The arguments of a line of shell behind `daypass <name>`, up to what is of the shell. */
function argumentsOf(line: string, name: string): string[] {
  const [, rest = ''] = line.split(new RegExp(`\\bdaypass ${name}\\b`));
  const words = [...rest.matchAll(/"([^"]*)"|'([^']*)'|[|<>)]|&&|[^\s"'|<>)]+/g)];
  const end = words.findIndex(([word]) => /^([|<>)]|&&)$/.test(word));
  return words.slice(0, end < 0 ? undefined : end).map(([word, double, single]) => double ?? single ?? word);
}

test.each(commands.flatMap((command) => command.examples.map((example) => [example, command] as const)))(
  '%s is a command line that there is',
  (example, command) => {
    expect(() => parseCommand(command, argumentsOf(example, command.name))).not.toThrow();
  },
);

test('so is every other in the documents', () => {
  const page = readFileSync(new URL('../../docs/cli.md', import.meta.url), 'utf8');
  const lines = [...page.matchAll(/(?:npx )?daypass (\w+)[^`\n]*/g)];
  expect(lines.length).toBeGreaterThan(20);
  for (const [line, name = ''] of lines) {
    const command = commands.find((each) => each.name === name);
    expect(command, line).toBeDefined();
    if (command && !line.includes('[options]')) parseCommand(command, argumentsOf(line, name));
  }
});
