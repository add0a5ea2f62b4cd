import { join } from 'node:path';
import { exampleFolder } from './prepareEnvironment.ts';
import { runGuarded } from './runGuarded.ts';

/** A Django project that serves. */
export interface RunningDjango {
  url: string;
  stop(): Promise<void>;
}

const script = join(import.meta.dirname, 'run.py');

/** What Python needs of the environment; nothing of the site's reaches a backend by chance. */
const inherited = ['PATH', 'HOME', 'TMPDIR', 'LANG'];

/**
 * Checks, migrates and serves the Django example on a free port of 127.0.0.1, with a new SQLite file and the user `demo`.
 * @param python the one of its virtual environment
 * @param environment its settings: DJANGO_… and DAYPASS_…
 * @param onLog takes Django's log
 * @throws {Error} Django's checks failed, or it ended otherwise: with what it said
 */
export async function runDjango(
  python: string,
  environment: Readonly<Record<string, string>>,
  onLog?: (text: string) => void,
): Promise<RunningDjango> {
  const env = {
    ...Object.fromEntries(inherited.map((name) => [name, process.env[name]])),
    DJANGO_SETTINGS_MODULE: 'config.settings',
    DJANGO_RUNSERVER_HIDE_WARNING: 'true',
    PYTHONUNBUFFERED: '1',
    PYTHONDONTWRITEBYTECODE: '1',
    ...environment,
  };
  let isUp = false;
  const command = await runGuarded([python, script], {
    cwd: exampleFolder,
    env,
    onError: (text) => isUp && onLog?.(text),
  });
  // Django's own log is of interest once it serves; what it says before is the error, if there is one.
  const url = await command.printed(/Starting development server at (http:\/\/[\d.]+:\d+)\//);
  isUp = true;
  return { url, stop: command.stop };
}
