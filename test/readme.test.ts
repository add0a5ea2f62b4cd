import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RunningSite } from '../dev/server/site.ts';
import { makeSecretCommand } from '../src/token/keys.ts';
import { mintAccessToken } from '../src/token/mint.ts';
import { launchBrowser } from './e2e/support/browser.ts';
import { ways } from './e2e/support/ways.ts';
import { describeWith } from './support/optional.ts';
import { issuer, now, ring, secret, subject } from './support/tokens.ts';

// What README shows works: each block of code is type-checked or run.

const root = join(import.meta.dirname, '..');
const readme = readFileSync(join(root, 'README.md'), 'utf8');

const expressStub = `declare module 'express' {
  type Handler = (request: Express.Request, response: { json(value: unknown): void }) => void;
  export default function express(): {
    use(path: string, middleware: unknown): void;
    get(path: string, handler: Handler): void;
  };
}
`;

/** The blocks of one language, their indentation in lists taken off. */
function blocks(language: string): string[] {
  const pattern = new RegExp(`^( *)\`\`\`${language}\\n([\\s\\S]*?)^ *\`\`\`$`, 'gm');
  return [...readme.matchAll(pattern)].map(([, indent = '', code = '']) =>
    code.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  );
}

test('knows every language that is shown', () => {
  const languages = [...readme.matchAll(/^ *```(\w+)$/gm)].map(([, language]) => language);
  expect([...new Set(languages)].sort()).toEqual(['csp', 'html', 'js', 'python', 'sh', 'ts']);
});

test('the commands are the scripts that there are', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: object };
  const commands = [...readme.matchAll(/`(?:DAYPASS_TEST_ALL=1 )?npm (?:run )?([\w:]+)`/g)].map(
    ([, name]) => name ?? '',
  );
  const builtIn = ['ci', 'pack', 'test', 'start'];
  expect(commands.filter((name) => !(name in scripts) && !builtIn.includes(name))).toEqual([]);
  expect(blocks('sh')).toEqual(['npm ci\nnpm start\n', `${makeSecretCommand}\n`]);
  const made = execFileSync('sh', ['-c', makeSecretCommand], { encoding: 'utf8' }).trim();
  expect(Buffer.from(made, 'base64url')).toHaveLength(32);
});

test('says how many tokens the verifiers are proven on', () => {
  const vectors = ['accept', 'refuse'].flatMap((name) =>
    JSON.parse(readFileSync(join(root, `test/vectors/${name}.json`), 'utf8')),
  );
  expect(readme).toContain(`proven on the same ${vectors.length} tokens`);
});

test('the TypeScript compiles, strictly, against what the package exports', async () => {
  await mkdir(join(root, 'dist'), { recursive: true });
  const folder = await mkdtemp(join(root, 'dist', 'readme-'));
  try {
    await mkdir(join(folder, 'netlify', 'functions'), { recursive: true });
    const policy = blocks('ts').find((code) => code.includes('definePolicy({')) ?? '';
    await writeFile(join(folder, 'daypass.config.ts'), policy);
    for (const [index, code] of blocks('ts').entries()) {
      await writeFile(join(folder, 'netlify', 'functions', `block${index}.ts`), code);
    }
    // Express itself is tried in test/express.
    await writeFile(join(folder, 'express.d.ts'), expressStub);
    const paths = {
      daypass: [join(root, 'client/index.ts')],
      'daypass/proof': [join(root, 'client/proof/prove.ts')],
      'daypass/react': [join(root, 'client/react.ts')],
      'daypass/*': [join(root, 'src/package/*.ts')],
    };
    await writeFile(
      join(folder, 'tsconfig.json'),
      JSON.stringify({
        extends: '../../tsconfig.json',
        compilerOptions: { paths },
        include: ['.'],
        exclude: [],
      }),
    );
    const tsc = join(root, 'node_modules', '.bin', 'tsc');
    expect(blocks('ts').length).toBeGreaterThan(5);
    const { stdout } = spawnSync(tsc, ['-p', folder], { encoding: 'utf8' });
    expect(stdout).toBe('');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('the tests that are shown pass', async () => {
  const shown = blocks('ts').find((code) => code.includes("'daypass/testing'")) ?? '';
  await mkdir(join(root, 'dist'), { recursive: true });
  const folder = await mkdtemp(join(root, 'dist', 'readme-'));
  try {
    const { outputFiles } = await build({
      stdin: { contents: shown, resolveDir: root, loader: 'ts' },
      alias: {
        daypass: join(root, 'client/index.ts'),
        'daypass/hono': join(root, 'src/package/hono.ts'),
        'daypass/testing': join(root, 'src/package/testing.ts'),
      },
      bundle: true,
      platform: 'node',
      format: 'esm',
      conditions: ['import'],
      write: false,
    });
    await writeFile(join(folder, 'shown.test.mjs'), outputFiles[0]?.text ?? '');
    const { NODE_ENV: _, VITEST: __, ...env } = process.env;
    const run = spawnSync(process.execPath, ['--test', join(folder, 'shown.test.mjs')], {
      encoding: 'utf8',
      env,
    });
    expect([run.status, /^. pass (\d+)$/m.exec(run.stdout)?.[1]], run.stdout).toEqual([0, '2']);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

describeWith('python3')('in Python', () => {
  const mint = () =>
    mintAccessToken({
      keyRing: ring,
      issuer,
      subject,
      scopes: [],
      deployContext: 'production',
      ttlSeconds: 300,
      sessionStartedAt: now,
      now,
    });
  const verify = (token: string, key: string, at: number) => {
    const [code = ''] = blocks('python');
    const call = `\nimport sys\nprint(json.dumps(verify(*sys.argv[1:5], int(sys.argv[5]))))`;
    return execFileSync('python3', ['-c', code + call, token, key, issuer, 'api', String(at)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  };

  test('ten lines with nothing but hmac, base64 and json verify a token', async () => {
    const [code = ''] = blocks('python');
    expect(
      code
        .trim()
        .split('\n')
        .filter((line) => line !== ''),
    ).toHaveLength(10);
    expect(code.match(/^import .*$/gm)).toEqual(['import base64, hmac, json']);
    expect(JSON.parse(verify(await mint(), secret, now))).toMatchObject({
      sub: subject,
      aud: 'api',
      exp: now + 300,
    });
  });

  test('and refuse what they should', async () => {
    const token = await mint();
    expect(() => verify(token, 'another-secret', now)).toThrow();
    expect(() => verify(token, secret, now + 331)).toThrow();
    expect(() => verify(token.replace('.', 'A.'), secret, now)).toThrow();
  });
});

describeWith('chromium')('in a page', () => {
  let browser: Browser;
  let server: RunningSite;
  beforeAll(async () => {
    const [, start] = ways[0] as (typeof ways)[number];
    [browser, server] = await Promise.all([launchBrowser(), start()]);
  });
  afterAll(async () => {
    await browser.close();
    await server.close();
  });

  /** Serves a page under README's Content-Security-Policy. */
  async function openUnderPolicy(html: string, files: Record<string, string>) {
    const [policy = ''] = blocks('csp');
    const value = policy.trim().replace('Content-Security-Policy: ', '');
    const context = await browser.newContext();
    const page = await context.newPage();
    const faults: string[] = [];
    page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
    page.on('pageerror', (error) => faults.push(String(error)));
    for (const [path, body] of Object.entries(files)) {
      await page.route(server.url + path, (route) => route.fulfill({ contentType: 'text/javascript', body }));
    }
    await page.route(`${server.url}/readme`, (route) =>
      route.fulfill({ contentType: 'text/html', headers: { 'content-security-policy': value }, body: html }),
    );
    await page.goto(`${server.url}/readme`);
    return { page, faults, close: () => context.close() };
  }

  test('the three lines work, under the policy that README gives', async () => {
    const [html = ''] = blocks('html');
    const [app = ''] = blocks('js');
    const { page, faults, close } = await openUnderPolicy(
      `<!doctype html><link rel="icon" href="data:,">${html}`,
      {
        '/daypass.js': readFileSync(join(root, 'dist/daypass.js'), 'utf8'),
        // The element stands behind the script.
        '/app.js': app,
      },
    );
    await expect.poll(() => page.locator('#greeting').textContent()).toBe('Hello, visitor.');
    expect(faults).toEqual([]);
    await close();
  });

  test('the page code with gotrue-js and nothing of ours works', async () => {
    const [, recipe = ''] = blocks('js');
    const bundled = await build({
      stdin: { contents: recipe, resolveDir: root },
      bundle: true,
      format: 'esm',
      target: 'es2022',
      write: false,
    });
    const { page, close } = await openUnderPolicy(
      '<!doctype html><script type="module" src="/recipe.js"></script>',
      {
        '/recipe.js': bundled.outputFiles[0]?.text ?? '',
      },
    );
    await expect.poll(() => page.title()).toBe('Hello, visitor.');
    await close();
  });
});
