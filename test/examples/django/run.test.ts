import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { djangoPolicy } from '../../../examples/django/launcher/policy.ts';
import { exampleFolder, prepareEnvironment } from '../../../examples/django/launcher/prepareEnvironment.ts';
import { runDjango } from '../../../examples/django/launcher/run.ts';
import { describeWith } from '../../support/optional.ts';
import { issuer, secret } from '../../support/tokens.ts';

const settings = {
  DJANGO_DEBUG: '1',
  DJANGO_SECRET_KEY: 'q7V2mX9tLb4Zc1Rk8Hs5Wd3Yf6Jg0Np-django',
  DJANGO_SUPERUSER_PASSWORD: 'correct-horse',
  DAYPASS_SECRET: secret,
  DAYPASS_ISSUER: issuer,
};

const readme = readFileSync(join(exampleFolder, 'README.md'), 'utf8');

describeWith('python 3.10')('the Django example', () => {
  let python = '';
  beforeAll(async () => {
    python = await prepareEnvironment(() => undefined);
  }, 300_000);

  const shell = (script: string, env: NodeJS.ProcessEnv) =>
    spawnSync('sh', ['-ec', script], {
      cwd: exampleFolder,
      env: {
        ...env,
        PATH: [dirname(python), process.env.PATH].join(delimiter),
        PYTHONDONTWRITEBYTECODE: '1',
      },
      encoding: 'utf8',
    });

  test.each([
    ['a missing secret', { DAYPASS_SECRET: '' }, 'DAYPASS["SECRET"] is missing'],
    [
      'a secret out of a template',
      { DAYPASS_SECRET: 'changeme-changeme-changeme-changeme' },
      'is a placeholder',
    ],
    ['an http issuer in production', { DJANGO_DEBUG: '', DAYPASS_ISSUER: 'http://a.example' }, 'E004'],
  ])('%s: Django does not start, and its check says what to do', async (_, change, words) => {
    const started = runDjango(python, { ...settings, ...change });
    const error = await started.then(
      ({ stop }) => stop(),
      (reason: Error) => reason.message,
    );
    expect(error).toContain('SystemCheckError');
    expect(error).toContain(words);
    expect(error).not.toContain('Traceback');
    expect(error).not.toContain('changeme');
  });

  test('README’s commands check it, test it and make its database', () => {
    const commands = [...readme.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, code = '']) => code);
    const script = commands.find((code) => code.includes('manage.py check')) ?? '';
    const folder = mkdtempSync(join(tmpdir(), 'daypass-test-'));
    try {
      const { status, stdout, stderr } = shell(script, { DJANGO_DATABASE: join(folder, 'db.sqlite3') });
      expect(stderr).toMatch(/^Ran \d{2} tests in .*\n\nOK$/m);
      expect(stdout).toContain('System check identified no issues (0 silenced).');
      expect(stdout).toContain('Applying guestbook.0001_initial... OK');
      expect(status).toBe(0);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('its migrations are those of its models', () => {
    const { status, stdout } = shell('python manage.py makemigrations --check --dry-run', {
      ...settings,
      DJANGO_DATABASE: ':memory:',
    });
    expect([status, stdout.trim()]).toEqual([0, 'No changes detected']);
  });
});

describeWith('python 3.10')('the environment of the Django example', () => {
  test('two that ask at once wait for each other, and nothing is installed twice', async () => {
    const said: string[] = [];
    const ask = () => prepareEnvironment((line) => said.push(line));
    await ask();
    said.length = 0;
    const [one, other] = await Promise.all([ask(), ask()]);
    expect(one).toMatch(/\/dist\/django\/venv-3[\d.]+\/bin\/python$/);
    expect(other).toBe(one);
    expect(said).toEqual([]);
  }, 300_000);

  test('a python3 that is too old is refused with what to do', () => {
    const script = join(import.meta.dirname, '../../../examples/django/launcher/prepare.py');
    const older = 'import runpy, sys; sys.version_info = (3, 9, 1); runpy.run_path(sys.argv[1])';
    const { status, stderr } = spawnSync('python3', ['-c', older, script], { encoding: 'utf8' });
    expect(status).toBe(1);
    expect(stderr).toMatch(/^python3 is .*, and Django needs 3\.10: put a newer one on the PATH\.$/m);
  });
});

test('the routes that README shows are those that the dev server has', () => {
  const open = djangoPolicy.routes.filter(({ verify }) => !verify).map(({ path }) => path);
  expect(open).toEqual(['/api/private/*', '/api/shared/*', '/api/static/*']);
  for (const path of open) expect(readme).toContain(`{ path: '${path}', verify: false`);
});
