import { CommandError } from '../command.ts';
import type { Extra } from './entries.ts';
import { checkApiPrefix, checkUpstream, defaultExtras, type InitAnswers } from './plan.ts';
import { findSites, type ProjectFiles } from './project.ts';
import { findProxy } from './routes.ts';

/** One choice of a question. */
interface Choice {
  value: string;
  label: string;
  hint?: string;
}

/** How a question is put, and its answer returned; undefined where it was left with Ctrl-C. */
export interface Questions {
  select(message: string, choices: Choice[]): Promise<string | undefined>;
  text(question: {
    message: string;
    initialValue: string;
    placeholder?: string;
    /** What is wrong with an answer; undefined where nothing is. */
    validate(text: string | undefined): string | undefined;
  }): Promise<string | undefined>;
}

/** Questions at the terminal. */
export async function openQuestions(): Promise<Questions> {
  const { select, text } = await import('@clack/prompts');
  const given = (answer: string | symbol) => (typeof answer === 'symbol' ? undefined : answer);
  return {
    select: async (message, options) => given(await select({ message, options })),
    text: async (question) => given(await text(question)),
  };
}

/**
 * Asks what the options leave open: which site, under which path the page calls the backend, and where the backend is.
 * @throws {CommandError} `cancelled`
 */
export async function askForAnswers(
  given: InitAnswers,
  files: ProjectFiles,
  questions: Questions,
): Promise<InitAnswers> {
  const sites = findSites(files);
  const choices = sites.map((site) => ({ value: site, label: site || 'this folder' }));
  const project =
    given.project ?? (sites.length > 1 ? answered(await questions.select('Which site?', choices)) : sites[0]);
  const apiPrefix =
    given.apiPrefix ??
    answered(
      await questions.text({
        message: 'Under which path does the page call your backend?',
        initialValue: '/api/',
        validate: (text) => problemOf(() => checkApiPrefix(text ?? '')),
      }),
    );
  const upstream =
    given.upstream ??
    answered(
      await questions.text({
        message: 'Where is your backend? Leave it empty if it has no address yet.',
        placeholder: 'https://backend.example.com',
        initialValue: findProxy(files, project ?? '', checkApiPrefix(apiPrefix)) ?? '',
        validate: (text) => problemOf(() => checkUpstream(text)),
      }),
    );
  return { ...given, project, apiPrefix, upstream };
}

/**
 * The last question, below the diff: whether to write it.
 * @returns the parts besides session and gate
 * @throws {CommandError} `cancelled`
 */
export async function askToWrite(
  changes: number,
  { extras }: InitAnswers,
  questions: Questions,
): Promise<readonly Extra[]> {
  const without = {
    value: 'needed',
    label: `Yes, without ${defaultExtras.join(' and ')}`,
    hint: 'they limit abuse',
  };
  const choice = answered(
    await questions.select(`Write ${changes === 1 ? 'this file' : `these ${changes} files`}?`, [
      { value: 'all', label: 'Yes' },
      ...(extras === undefined ? [without] : []),
      { value: 'none', label: 'No' },
    ]),
  );
  if (choice === 'none') throw cancelled();
  return choice === 'needed' ? [] : (extras ?? defaultExtras);
}

function answered(answer: string | undefined): string {
  if (answer === undefined) throw cancelled();
  return answer;
}

const cancelled = () => new CommandError('cancelled', 'Nothing was written.');

function problemOf(check: () => unknown): string | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
