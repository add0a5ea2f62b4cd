import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { OptionsError } from '../assertOptions.ts';
import { type Guarded, type GuardedOptions, runGuarded } from './guarded.ts';
import { accepts } from './pages.ts';

/** What a backend has to know to verify the passes of a site. */
export interface BackendSecret {
  /** Its name in the policy. */
  audience: string;
  /** The variable of the site that holds the secret. */
  variable: string;
  secret: string;
  /** Whether this server generated it. Only then is it printed: any other is a real secret. */
  isMade: boolean;
}

/** What a Django project needs, line by line. */
export interface DjangoSetup {
  /** For its settings; empty where they name Daypass already. */
  settings: readonly string[];
  /** For its environment. */
  environment: readonly string[];
}

/** @throws {OptionsError} there is no `manage.py` in the folder */
export function assertDjango(folder: string): void {
  if (existsSync(join(folder, 'manage.py'))) return;
  throw new OptionsError([`startDevSession: django must be a folder with manage.py: ${folder} has none.`]);
}

/** The lines for a Django project (python/README.md, "From nothing to tests"). */
export function describeDjango(folder: string, backend: BackendSecret, issuer: string): DjangoSetup {
  const settings = globSync(['*/settings.py', '*/settings/*.py'], { cwd: folder });
  const isSetUp = settings.some((file) => /^DAYPASS\b/m.test(readFileSync(join(folder, file), 'utf8')));
  const audience = backend.audience === 'api' ? [] : [`    "AUDIENCE": ${JSON.stringify(backend.audience)},`];
  return {
    settings: isSetUp
      ? []
      : [
          'INSTALLED_APPS += ["daypass.django"]',
          'DAYPASS = {',
          '    "SECRET": os.environ.get("DAYPASS_SECRET"),',
          '    "ISSUER": os.environ.get("DAYPASS_ISSUER"),',
          ...audience,
          '}',
        ],
    environment: [
      `DAYPASS_SECRET=${backend.isMade ? backend.secret : `(the value of ${backend.variable})`}`,
      `DAYPASS_ISSUER=${issuer}`,
    ],
  };
}

export interface StartedDjango extends Guarded {
  /** Resolves once it serves; rejects when it ended before that: what it said was told line by line. */
  readonly served: Promise<void>;
}

/**
 * Starts `manage.py runserver` with the secret and the issuer in its environment.
 * @param url where: an address of this machine
 * @returns at once, so that it can be stopped while it hangs
 * @throws {Error} something serves there already
 */
export async function startRunserver(
  folder: string,
  url: URL,
  variables: Readonly<Record<string, string>>,
  { env, onLine }: Pick<GuardedOptions, 'env' | 'onLine'>,
): Promise<StartedDjango> {
  const command = [findPython(folder, env), 'manage.py', 'runserver', `${url.hostname}:${url.port || 80}`];
  if (await accepts(url)) {
    throw new Error(`Something serves at ${url.origin} already: stop it, or leave out --runserver.`);
  }
  const running = await runGuarded(command, {
    cwd: folder,
    env: { ...env, PYTHONUNBUFFERED: '1', ...variables },
    onLine,
  });
  let code: number | null | undefined;
  running.ended.then((ended) => {
    code = ended;
  });
  const untilServed = async () => {
    while (code === undefined && !(await accepts(url))) await delay(50);
    if (code !== undefined)
      throw new Error(`${command.join(' ')} ended with ${code}; what it said is above.`);
  };
  const served = untilServed();
  // Who waits for it hears of it.
  served.catch(() => undefined);
  return { ...running, served };
}

/** The Python of the project's virtual environment, else of the active one, else of the PATH. */
function findPython(folder: string, env: NodeJS.ProcessEnv): string {
  const environments = [
    ...['.venv', 'venv', 'env', '../.venv', '../venv'].map((name) => join(folder, name)),
    ...(env.VIRTUAL_ENV ? [env.VIRTUAL_ENV] : []),
  ];
  const programs = environments.flatMap((each) => [
    join(each, 'bin/python'),
    join(each, 'Scripts/python.exe'),
  ]);
  return programs.find((program) => existsSync(program)) ?? 'python3';
}
