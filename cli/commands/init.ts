import { join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineCommand, type ExitCode, UsageError } from '../command.ts';
import { formatDiff } from '../init/diff.ts';
import { leaveNotUtf8, openProject, readScripts, type WriteFile, writeChanges } from '../init/disk.ts';
import type { Change } from '../init/draft.ts';
import { type Extra, extraNames } from '../init/entries.ts';
import { nextSteps, type Step } from '../init/nextSteps.ts';
import { checkApiPrefix, checkUpstream, defaultExtras, type InitPlan, planInit } from '../init/plan.ts';
import { inFolder } from '../init/project.ts';
import { askForAnswers, askToWrite, openQuestions, type Questions } from '../init/questions.ts';
import { type Io, style, writeJson } from '../output.ts';

/** What the command line says; what is left out is asked for, or has its default. `questions` and `writeFile` are for tests. */
export interface InitOptions {
  /** The site's folder, relative to the one in which the command is called. */
  project?: string | undefined;
  upstream?: string | undefined;
  apiPrefix?: string | undefined;
  extras?: readonly Extra[] | undefined;
  /** Writes without a question. */
  yes?: boolean | undefined;
  /** Shows the changes, and writes nothing. */
  dryRun?: boolean | undefined;
  isJson?: boolean | undefined;
  /** Who answers the questions. Default: the person at the terminal. */
  questions?: Questions | undefined;
  /** Writes one file. Default: to disk. */
  writeFile?: WriteFile | undefined;
}

/** Where the script tag's files may be, seen from the bin in the package and from this file. */
const scriptFolders = ['..', '../../dist'].map((path) => fileURLToPath(new URL(path, import.meta.url)));

/**
 * Sets a project up: shows what it would write, asks, and writes it. A second run finds nothing to do.
 * @throws {UsageError} an option is malformed, or a question could not be asked
 * @throws {CommandError} `no_site`, `unreadable_file`, `not_written`, `cancelled`
 */
export async function init(options: InitOptions, io: Io): Promise<ExitCode> {
  checkUpstream(options.upstream);
  if (options.apiPrefix !== undefined) checkApiPrefix(options.apiPrefix);
  const { root, here, files, notUtf8 } = await openProject(io.cwd);
  const project = options.project === undefined ? here || undefined : inFolder(here, options.project);
  const given = { ...options, project };
  const scripts = await readScripts(scriptFolders);
  const questions =
    io.isInteractive && !options.yes && !options.dryRun
      ? (options.questions ?? (await openQuestions()))
      : undefined;
  const answers = questions ? await askForAnswers(given, files, questions) : given;
  let plan = leaveNotUtf8(planInit(files, { ...answers, scripts }), notUtf8);
  const isCopy: IsCopy = ({ after }) => Object.values(scripts).includes(after);
  if (!options.isJson) show(plan, isCopy, io);
  const isWritten = plan.changes.length > 0 && !options.dryRun;
  if (isWritten) {
    if (questions) {
      const extras = await askToWrite(plan.changes.length, options, questions);
      plan = leaveNotUtf8(planInit(files, { ...answers, extras, scripts }), notUtf8);
    } else if (!options.yes) {
      throw new UsageError(
        'Nothing is written without an answer: there is no terminal to ask at. Add --yes, or --dry-run.',
      );
    }
    await writeChanges(root, plan.changes, options.writeFile);
  }
  const steps = nextSteps(plan, files);
  if (options.isJson) writeJson(io, report(plan, steps, isWritten, isCopy));
  else conclude(plan, steps, isWritten, io);
  return 0;
}

/** Whether a change copies one of the script tag's files: they are minified, so not worth showing. */
type IsCopy = (change: Change) => boolean;

function show({ site, changes }: InitPlan, isCopy: IsCopy, io: Io): void {
  io.writeOut(`${style(io, 'bold', site.name)} in ${site.folder || 'this folder'}\n\n`);
  for (const change of changes) {
    const lines = isCopy(change) ? [`+++ b/${change.path} (copied from the package)`] : formatDiff(change);
    for (const line of lines) io.writeOut(`${colourOf(line, io)}\n`);
    io.writeOut('\n');
  }
}

function colourOf(line: string, io: Io): string {
  if (line.startsWith('+')) return style(io, 'green', line);
  if (line.startsWith('-')) return style(io, 'red', line);
  return line.startsWith('@@') ? style(io, 'cyan', line) : line;
}

function conclude({ changes, notes }: InitPlan, steps: readonly Step[], isWritten: boolean, io: Io): void {
  if (changes.length === 0) io.writeOut('Nothing to do: everything is there.\n');
  else if (isWritten) io.writeOut(`Wrote ${changes.map(({ path }) => path).join(', ')}.\n`);
  else io.writeOut('Nothing was written.\n');
  for (const { path, message } of notes)
    io.writeOut(`\n${style(io, 'yellow', 'note')}: ${path}: ${message}\n`);
  if (changes.length === 0) return;
  io.writeOut(`\n${style(io, 'bold', 'Next')}\n`);
  for (const [index, { text, commands }] of steps.entries()) {
    io.writeOut(`\n${index + 1}. ${text}\n`);
    for (const command of commands) io.writeOut(`     ${command}\n`);
  }
}

function report(
  { site, apiPrefix, changes, notes }: InitPlan,
  steps: readonly Step[],
  isWritten: boolean,
  isCopy: IsCopy,
) {
  return {
    site,
    apiPrefix,
    isWritten,
    changes: changes.map((change) => ({
      path: change.path,
      action: change.before === undefined ? 'create' : 'edit',
      ...(!isCopy(change) && { diff: formatDiff(change).join('\n') }),
    })),
    notes,
    nextSteps: steps,
  };
}

export const initCommand = defineCommand({
  name: 'init',
  summary: 'Set a project up: entry files, policy, netlify.toml, and the snippet in the page',
  options: {
    project: {
      type: 'string',
      placeholder: '<folder>',
      description: "The site's folder, in a repository of several",
    },
    upstream: { type: 'string', placeholder: '<url>', description: 'The backend behind the gate' },
    'api-prefix': {
      type: 'string',
      placeholder: '<path>',
      description: 'The path under which the page calls the backend (default with --yes: /api/)',
    },
    with: {
      type: 'string',
      placeholder: '<parts>',
      description: `Parts besides session and gate: ${extraNames.join(',')}, or none (default with --yes: ${defaultExtras.join(',')})`,
    },
    yes: { type: 'boolean', short: 'y', description: 'Ask nothing: take the defaults, and write' },
    'dry-run': { type: 'boolean', description: 'Show the changes, and write nothing' },
  },
  examples: [
    'daypass init',
    'daypass init --yes --upstream https://backend.example.com',
    'daypass init --yes --project packages/web --api-prefix /v1/ --with guard,identity,sweep',
    'daypass init --dry-run --json',
  ],
  run({ values, io, isJson }) {
    return init(
      {
        project: values.project === undefined ? undefined : readFolder(values.project, io),
        upstream: values.upstream,
        apiPrefix: values['api-prefix'],
        extras: values.with === undefined ? undefined : readExtras(values.with),
        yes: values.yes,
        dryRun: values['dry-run'],
        isJson,
      },
      io,
    );
  },
});

/** @throws {UsageError} the folder is not in the one in which the command was called */
function readFolder(text: string, { cwd }: Io): string {
  const folder = relative(cwd, resolve(cwd, text)).split(sep).join('/');
  if (folder.startsWith('..')) throw new UsageError(`--project must name a folder in ${join(cwd)}.`);
  return folder;
}

function readExtras(text: string): Extra[] {
  if (text === 'none' || text === '') return [];
  return text.split(',').map((name) => {
    const extra = extraNames.find((each) => each === name.trim());
    if (extra === undefined) {
      throw new UsageError(
        `--with takes ${extraNames.join(', ')}, or none; there is no ${JSON.stringify(name.trim())}.`,
      );
    }
    return extra;
  });
}
