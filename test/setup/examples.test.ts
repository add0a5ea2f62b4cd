import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'smol-toml';
import { expect, test } from 'vitest';
import { openProject } from '../../cli/init/disk.ts';
import { planInit } from '../../cli/init/plan.ts';
import { siteVariables } from '../../cli/init/settingsFiles.ts';
import { readEnvironment } from '../../src/netlify/environment.ts';
import { definePolicy } from '../../src/policy/define.ts';
import { filesOf, projects } from '../cli/init/support/projects.ts';

// examples/netlify is what init writes: for each kind of site its netlify.toml, and a whole site for the deploy button.

const root = join(import.meta.dirname, '../..');
const examples = join(root, 'examples/netlify');
const template = join(examples, 'template');

const kinds = {
  'html.toml': projects.html,
  'vite.toml': projects.viteReact,
  'next.toml': projects.next,
  'next-export.toml': projects.nextExport,
  'astro.toml': projects.astro,
  'sveltekit.toml': projects.sveltekit,
};

test('each kind of site has an example, and the list of them is complete', () => {
  const files = globSync('*.toml', { cwd: examples });
  expect(files.toSorted()).toEqual(Object.keys(kinds).toSorted());
  const readme = readFileSync(join(examples, 'README.md'), 'utf8');
  expect([...readme.matchAll(/\]\(([\w-]+\.toml)\)/g)].map(([, name]) => name)).toEqual(Object.keys(kinds));
});

test.each(Object.entries(kinds))('%s is what init writes, under a comment', (name, files) => {
  const { changes } = planInit(filesOf(files), {});
  const text = readFileSync(join(examples, name), 'utf8');
  expect(text.replace(/^(#.*\n)+\n/, '')).toBe(changes.find(({ path }) => path === 'netlify.toml')?.after);
  expect(Object.keys(parse(text))).toEqual(['build']);
});

test('in the template, init finds everything but the scripts, which its build copies', async () => {
  const scripts = { 'daypass.js': '', 'daypass-more.js': '' };
  const { files, here: project } = await openProject(template);
  const { changes, notes, isInstalled } = planInit(files, { project, scripts });
  const paths = Object.keys(scripts).map((name) => `${project}/public/${name}`);
  expect(changes.map(({ path }) => path)).toEqual(paths);
  expect([notes, isInstalled]).toEqual([[], true]);
  const { scripts: commands } = JSON.parse(readFileSync(join(template, 'package.json'), 'utf8'));
  for (const name of Object.keys(scripts))
    expect(commands.build).toContain(`node_modules/daypass/dist/${name}`);
  // What Netlify takes for a function is one.
  expect(readdirSync(join(template, 'netlify/functions'))).toEqual(['session.ts', 'sweep.ts']);
});

const asked = (
  parse(readFileSync(join(template, 'netlify.toml'), 'utf8')).template as {
    environment: Record<string, string>;
  }
).environment;

test('the button asks for every variable that a site needs, and for no other', () => {
  expect(Object.keys(asked)).toEqual(siteVariables(undefined).map(({ name }) => name));
});

test('what the button shows in the fields is refused where it is left as it is', async () => {
  const good = {
    DAYPASS_SECRET: 'wq1pKlJ4mV8s0tYbEoZcRx7uNhGd2aLf',
    DAYPASS_PRIVATE_SECRET: 'T5xkVd9qWm3rZb6yNc8sPf1hLj4gQa0u',
    DAYPASS_UPSTREAM: 'https://backend.example.com',
    UPSTASH_REDIS_REST_URL: 'https://redis.example.com',
    UPSTASH_REDIS_REST_TOKEN: 'AbCdEfGhIjKlMnOpQrStUvWxYz',
  };
  const read = (values: Record<string, string>) => readEnvironment(definePolicy({}), (name) => values[name]);
  await expect(read(good)).resolves.toBeDefined();
  for (const [name, text] of Object.entries(asked)) {
    if (name === 'UPSTASH_REDIS_REST_TOKEN') continue;
    await expect(read({ ...good, [name]: text }), name).rejects.toThrow(name);
  }
});

test('the button leads to the template in the repository that package.json names', () => {
  const { repository } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const home = repository.url.replace(/^git\+|\.git$/g, '');
  const text = readFileSync(join(root, 'docs/deploy.md'), 'utf8');
  const [, link = ''] = /\]\((https:\/\/app\.netlify\.com\/start\/deploy\?[^)]+)\)/.exec(text) ?? [];
  const { searchParams } = new URL(link);
  expect(searchParams.get('repository')).toBe(home);
  const path = searchParams.get('create_from_path') ?? '';
  expect(join(root, path)).toBe(template);
  expect(existsSync(join(root, path, 'package.json'))).toBe(true);
  expect(JSON.parse(readFileSync(join(template, 'package.json'), 'utf8')).dependencies).toEqual({
    daypass: home.replace('https://github.com/', 'github:'),
  });
});
