import { expect, test } from 'vitest';
import { nextSteps } from '../../../cli/init/nextSteps.ts';
import { type InitAnswers, type InitPlan, planInit } from '../../../cli/init/plan.ts';
import { filesOf, manifest, projects } from './support/projects.ts';

const scripts = { 'daypass.js': 'script\n', 'daypass-more.js': 'more\n' };

function plan(files: Readonly<Record<string, string>>, answers: InitAnswers = {}): InitPlan {
  return planInit(filesOf(files), { scripts, ...answers });
}

/** The files as they are after the plan. */
function carryOut(
  files: Readonly<Record<string, string>>,
  { changes }: Pick<InitPlan, 'changes'>,
): Record<string, string> {
  return { ...files, ...Object.fromEntries(changes.map(({ path, after }) => [path, after])) };
}

const after = (files: Readonly<Record<string, string>>, answers: InitAnswers = {}) =>
  carryOut(files, plan(files, answers));

/** The lines that a plan adds to a file, without those that were there. */
function added(before: string, now = ''): string[] {
  const old = before.split(/\r?\n/);
  return now.split(/\r?\n/).filter((line) => !old.includes(line));
}

const entryFiles = [
  'daypass.config.ts',
  'netlify/functions/session.ts',
  'netlify/edge-functions/gate.ts',
  'netlify/edge-functions/guard.ts',
  'netlify/functions/sweep.ts',
];

const module = `import { createSession } from 'daypass';

export const session = createSession();

// From here on, the page's own calls under this prefix carry a pass.
session.attach(['/api/']);
`;

test.each([
  ['html', 'plain HTML', undefined, '.', { 'daypass.js': 'script\n', 'daypass-more.js': 'more\n' }],
  ['viteReact', 'Vite with React', 'npm run build', 'dist', { 'src/daypass.ts': module }],
  ['viteVue', 'Vite with Vue', 'npm run build', 'build', { 'src/daypass.js': module }],
  ['viteSvelte', 'Vite with Svelte', 'npm run build', 'dist', { 'src/daypass.ts': module }],
  [
    'nextExport',
    'Next.js, static export',
    'npm run build',
    'out',
    { 'daypass.ts': module, 'instrumentation-client.ts': "import './daypass';\n" },
  ],
  [
    'next',
    'Next.js',
    'npm run build',
    '.next',
    { 'src/daypass.js': module, 'src/instrumentation-client.js': "import './daypass';\n" },
  ],
  ['astro', 'Astro', 'npm run build', 'dist', { 'src/daypass.ts': module }],
  [
    'sveltekit',
    'SvelteKit',
    'npm run build',
    'build',
    { 'src/lib/daypass.ts': module, 'src/hooks.client.ts': "import './lib/daypass';\n" },
  ],
  ['other', 'Angular', 'npm run build', undefined, { 'src/daypass.js': module }],
] as const)('%s is %s, built by %s into %s, and gets its files', (name, label, command, publish, own) => {
  const files = projects[name];
  const made = plan(files);
  expect(made.site).toMatchObject({ name: label, folder: '' });
  expect([made.site.command, made.site.publish]).toEqual([command, publish]);
  const created = made.changes.filter(({ before }) => before === undefined);
  const paths = [...entryFiles, 'netlify.toml', '.env.example', ...Object.keys(own)];
  if (!('.gitignore' in files)) paths.push('.gitignore');
  expect(created.map(({ path }) => path).toSorted()).toEqual(paths.toSorted());
  expect(carryOut(files, made)).toMatchObject(own);
});

test.each([
  ['html', 'index.html', ['    <script src="/daypass.js" data-api="/api/"></script>']],
  ['viteReact', 'src/main.tsx', ["import './daypass'"]],
  ['viteReact', '.gitignore', ['.env']],
  ['viteVue', 'src/main.js', ['import "./daypass";']],
  ['viteSvelte', 'src/main.ts', ["import './daypass'"]],
  ['nextExport', 'tsconfig.json', ['    "noEmit": true,', '    "allowImportingTsExtensions": true']],
  ['astro', 'src/layouts/Layout.astro', ['    <script>', "      import '../daypass';", '    </script>']],
] as const)('of %s, %s gains %j, and keeps the rest', (name, path, lines) => {
  const files: Record<string, string> = projects[name];
  const now = after(files)[path];
  expect(added(files[path] ?? '', now)).toEqual(lines);
  const edited = plan(files).changes.filter(({ before }) => before !== undefined);
  expect(edited.map((change) => change.path)).toContain(path);
});

test('only files that need a change are edited', () => {
  const edited = Object.entries(projects).flatMap(([name, files]) =>
    plan(files)
      .changes.filter(({ before }) => before !== undefined)
      .map(({ path }) => `${name}: ${path}`),
  );
  expect(edited).toEqual([
    'html: index.html',
    'viteReact: src/main.tsx',
    'viteReact: .gitignore',
    'viteVue: src/main.js',
    'viteSvelte: src/main.ts',
    'nextExport: tsconfig.json',
    'astro: src/layouts/Layout.astro',
  ]);
});

test.each(Object.entries(projects))('%s: a second run finds nothing to do', (_name, files) => {
  for (const extras of [undefined, [], ['guard', 'identity', 'sweep'] as const]) {
    for (const apiPrefix of ['/api/', '/v1/data/']) {
      const done = after(files, { extras, apiPrefix });
      expect(plan(done, { extras, apiPrefix }).changes).toEqual([]);
    }
  }
});

test('a plan that was carried out in part is completed', () => {
  const files = projects.viteReact;
  const { changes } = plan(files);
  for (const left of changes) {
    const partly = carryOut(files, { changes: changes.filter((each) => each !== left) });
    expect(plan(partly).changes, left.path).toEqual([left]);
  }
});

test('entry files import the policy from where they are, and the prefix is in each place', () => {
  const done = after(projects.html, { apiPrefix: 'v1', extras: ['identity'] });
  expect(done['netlify/edge-functions/gate.ts']).toBe(`import { createGate } from 'daypass/netlify';
import policy from '../../daypass.config.ts';

export default createGate(policy);

export const config = { path: '/v1/*' };
`);
  expect(done['daypass.config.ts']).toContain("routes: [{ path: '/v1/*' }]");
  expect(done['daypass.config.ts']).toContain('admission: {}');
  expect(done['netlify/functions/identity.ts']).toContain('export default { userValidate };');
  expect(done['index.html']).toContain('data-api="/v1/"');
  expect(done['netlify/edge-functions/guard.ts']).toBeUndefined();
});

test('folders that netlify.toml names for functions are used', () => {
  const done = after({
    ...projects.html,
    'netlify.toml': '[build]\nfunctions = "./api"\nedge_functions = "edge/ours"\n',
  });
  expect(done['api/session.ts']).toContain("import('../daypass.config.ts')");
  expect(done['edge/ours/gate.ts']).toContain("from '../../daypass.config.ts'");
  expect(done['netlify/functions/session.ts']).toBeUndefined();
});

test('a part that another file has is there; a file of another kind keeps its name', () => {
  const files = {
    ...projects.html,
    'netlify/edge-functions/front.js': 'export default createGate(policy);\n',
    'netlify/functions/session.js': 'export default () => new Response();\n',
    'netlify/functions/identity.ts': 'export default { userValidate() {} };\n',
    'daypass.config.mjs': 'export default definePolicy({});\n',
  };
  const made = plan(files, { extras: ['identity'] });
  const done = carryOut(files, made);
  expect(done['netlify/edge-functions/gate.ts']).toBeUndefined();
  expect(done['netlify/functions/daypass-session.ts']).toContain("import('../../daypass.config.mjs')");
  expect(done['daypass.config.ts']).toBeUndefined();
  expect(made.notes.map(({ id, path }) => [id, path])).toEqual([
    ['by_hand', 'daypass.config.mjs'],
    ['by_hand', 'netlify/functions/identity.ts'],
  ]);
});

const monorepo = {
  'package.json': JSON.stringify({ workspaces: ['packages/*', '!packages/old'] }),
  'pnpm-lock.yaml': '',
  'packages/ui/package.json': manifest({ react: '19' }),
  'packages/old/package.json': manifest({ vite: '5' }),
  'packages/old/index.html': '<p></p>',
  ...Object.fromEntries(
    Object.entries(projects.viteReact).map(([path, text]) => [`packages/web/${path}`, text]),
  ),
};

test.each([
  ['workspaces of npm', {}],
  ['workspaces of yarn', { 'package.json': JSON.stringify({ workspaces: { packages: ['packages/web'] } }) }],
  [
    'workspaces of pnpm',
    {
      'package.json': '{}',
      'pnpm-workspace.yaml':
        'packages:\n  # ours\n  - "packages/*"\n  - \'!packages/old\'\ncatalog:\n  x: 1\n',
    },
  ],
])('%s: the only package with a site is the one, and all goes into it', (_kind, more) => {
  const files = { ...monorepo, ...more };
  const { site, changes } = plan(files);
  expect(site).toMatchObject({ folder: 'packages/web', publish: 'dist', command: 'pnpm run build' });
  expect(changes.every(({ path }) => path.startsWith('packages/web/'))).toBe(true);
});

test('of several sites one has to be named', () => {
  const files = {
    ...monorepo,
    'packages/admin/package.json': manifest({ astro: '7' }),
    'packages/admin/astro.config.mjs': '',
  };
  expect(() => plan(files)).toThrow(
    'There are several sites here: packages/admin, packages/web. Name one with --project.',
  );
  expect(plan(files, { project: './packages/admin/' }).site.name).toBe('Astro');
});

test('a netlify.toml at the root whose base is the site is the one that is edited', () => {
  const root = '[build]\n  base = "packages/web/"\n  command = "make"\n';
  const { changes } = plan({ ...monorepo, 'netlify.toml': root });
  expect(changes.find(({ path }) => path === 'netlify.toml')?.after).toBe(`[build]
  base = "packages/web/"
  command = "make"
  publish = "dist"

[build.environment]
  NODE_VERSION = "22"
`);
  expect(changes.some(({ path }) => path === 'packages/web/netlify.toml')).toBe(false);
});

test.each([
  [
    'a package',
    { 'manage.py': '', 'frontend/package.json': manifest({ vite: '8' }), 'frontend/index.html': '' },
  ],
  ['plain pages', { 'manage.py': '', 'frontend/public/index.html': '<p></p>' }],
])('the pages in a folder of a backend are found: %s', (_kind, files) => {
  expect(plan(files).site.folder).toBe('frontend');
});

test.each([
  ['nothing', {}],
  ['a package without pages', { 'package.json': manifest({ express: '5' }) }],
])('where there is %s, no site is made up', (_what, files) => {
  expect(() => plan(files)).toThrow(expect.objectContaining({ code: 'no_site', exitCode: 64 }));
});

test.each([
  [{ 'package.json': '{ "dependencies": ' }, 'package.json is not JSON'],
  [{ 'netlify.toml': '[build\n' }, 'netlify.toml, line 1: '],
  [{ 'tsconfig.json': '{\n  "include": [ }' }, 'tsconfig.json, line 2: it is not JSON with comments.'],
])('a file that cannot be parsed is named: %j', (files, message) => {
  const make = () => plan({ ...projects.html, ...files });
  expect(make).toThrow(message);
  expect(make).toThrow(expect.objectContaining({ code: 'unreadable_file', exitCode: 1 }));
});

test.each([
  [{ upstream: 'backend.example.com' }, '--upstream must be the URL of your backend'],
  [{ upstream: 'ftp://backend.example.com' }, '--upstream must be'],
  [{ upstream: 'https://me:secret@backend.example.com' }, '--upstream must be'],
  [{ upstream: 'https://backend.example.com?x=1' }, '--upstream must be'],
  [{ apiPrefix: '/' }, '--api-prefix must be a path such as /api/, not "/".'],
  [{ apiPrefix: '/a/../b' }, '--api-prefix must be'],
  [{ apiPrefix: "/a'/" }, '--api-prefix must be'],
  [{ apiPrefix: '/session' }, '--api-prefix must leave /session/ to Daypass and Netlify'],
  [{ apiPrefix: '/.netlify/x/' }, '--api-prefix must leave'],
])('%j is wrong usage', (answers, message) => {
  const make = () => plan(projects.html, answers);
  expect(make).toThrow(message);
  expect(make).toThrow(expect.objectContaining({ exitCode: 64 }));
});

test.each([
  [{}, 'https://your-backend.example'],
  [{ upstream: 'http://localhost:8000/' }, 'https://your-backend.example'],
  [{ upstream: 'http://127.0.0.1:8000' }, 'https://your-backend.example'],
  [{ upstream: 'https://b.example/base/' }, 'https://b.example/base'],
])('.env.example names the backend of %j: %s', (answers, url) => {
  expect(after(projects.html, answers)['.env.example']).toContain(`DAYPASS_UPSTREAM=${url}\n`);
});

test('a backend on this machine is for daypass dev, and no step of the deployed site names it', () => {
  const steps = nextSteps(plan(projects.html, { upstream: 'http://localhost:8000' }), new Map());
  const naming = steps.filter(({ text, commands }) => [text, ...commands].join().includes('localhost'));
  expect(naming).toHaveLength(2);
  const variables = steps.find(({ text }) => text.startsWith('Set the environment variables'));
  expect(variables?.commands).toContain('netlify env:set DAYPASS_UPSTREAM https://your-backend.example');
  expect(variables?.text).toContain(
    'DAYPASS_UPSTREAM is where Netlify reaches your backend, not http://localhost:8000.',
  );
});

test.each([
  [
    'netlify.toml',
    '[[redirects]]\nfrom = "/api/*"\nto = "https://b.example/api/:splat"\nstatus = 200\n',
    'https://b.example',
  ],
  ['_redirects', '/api/*  https://b.example/api/:splat  200\n', 'https://b.example'],
  ['_redirects', '/api/*  https://b.example/v1/:splat  200\n', 'https://your-backend.example'],
])('a redirect in %s that leads to the backend names it, and can go', (path, text, upstream) => {
  const files = { ...projects.html, [path]: text };
  const { notes, changes } = plan(files);
  expect(notes).toMatchObject([{ id: 'route_taken', path }]);
  const example = changes.find((change) => change.path === '.env.example');
  expect(example?.after).toContain(`DAYPASS_UPSTREAM=${upstream}\n`);
});

test.each([
  ['app/api/hello/route.ts', projects.nextExport],
  ['src/pages/api/hello.ts', projects.astro],
  ['src/routes/api/hello/+server.ts', projects.sveltekit],
])('%s, which the gate would hide, is noted', (path, files) => {
  const withRoute = { ...files, [path]: 'export const GET = 1;\n' };
  expect(plan(withRoute).notes).toMatchObject([{ id: 'route_taken', path }]);
  expect(plan(withRoute, { apiPrefix: '/backend/' }).notes).toEqual([]);
});

test.each([
  ['/api/*', 'log', 1],
  ['/api/hello', 'log', 1],
  ['/api', 'log', 1],
  ['/api/*', 'gate', 0],
  ['/apis/*', 'log', 0],
  ['/*', 'log', 0],
])('an edge function that netlify.toml declares at %s, %s: %d notes', (path, name, count) => {
  const toml = `[[edge_functions]]\npath = "${path}"\nfunction = "${name}"\n`;
  const { notes } = plan({ ...projects.html, 'netlify.toml': toml });
  expect(notes.map(({ id }) => id)).toEqual(Array(count).fill('route_taken'));
});

test.each([
  ['', 'package-lock.json', 'npm install daypass', 0],
  ['', 'yarn.lock', 'yarn add daypass', 0],
  ['web', 'pnpm-lock.yaml', 'cd web && pnpm add daypass', 1],
  ['web', 'web/bun.lock', 'cd web && bun add daypass', 1],
])('in %j with %s, what is left to do begins with %s', (folder, lock, command, places) => {
  const page = folder === '' ? 'index.html' : `${folder}/public/index.html`;
  const files = filesOf({ [page]: '<p>', [lock]: '' });
  const steps = nextSteps(planInit(files, { scripts }), files);
  expect(steps[0]?.commands).toEqual([command]);
  const base = steps.filter(({ text }) => text.includes(`set Base directory to ${folder || 'nothing'}`));
  expect(base).toHaveLength(places);
});

test.each([
  ['.nvmrc', '20', 1],
  ['.nvmrc', 'v22.11.0', 1],
  ['.nvmrc', 'v22.12.0\n', 0],
  ['.nvmrc', 'lts/*', 0],
  ['.node-version', '24', 0],
  ['netlify.toml', '[build.environment]\nNODE_VERSION = "18"\n', 1],
  ['netlify.toml', '[build.environment]\nNODE_VERSION = "24"\n', 0],
])('%s with Node %j: %d notes', (path, text, count) => {
  const { notes, changes } = plan({ ...projects.html, [path]: text });
  expect(notes.map(({ id }) => id)).toEqual(Array(count).fill('node_version'));
  const toml = changes.find((change) => change.path === 'netlify.toml')?.after ?? '';
  expect(toml.match(/NODE_VERSION/g)?.length ?? 0).toBe(path === 'netlify.toml' ? 1 : 0);
});
