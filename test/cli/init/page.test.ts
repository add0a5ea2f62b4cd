import { expect, test } from 'vitest';
import { planInit } from '../../../cli/init/plan.ts';
import { filesOf, manifest, projects } from './support/projects.ts';

const tag = '<script src="/daypass.js" data-api="/api/"></script>';

function editHtml(html: string): string {
  const { changes } = planInit(filesOf({ 'index.html': html }), {});
  return changes.find(({ path }) => path === 'index.html')?.after ?? html;
}

test.each([
  [
    '<html>\n<head>\n<title>x</title>\n</head>\n</html>',
    `<html>\n<head>\n<title>x</title>\n${tag}\n</head>\n</html>`,
  ],
  ['<head>\n  <title>x</title>\n</head>', `<head>\n  <title>x</title>\n  ${tag}\n</head>`],
  ['  <head>\n  </head>', `  <head>\n    ${tag}\n  </head>`],
  [
    '<head>\r\n\t<script src=a.js></script>\r\n</head>',
    `<head>\r\n\t${tag}\r\n\t<script src=a.js></script>\r\n</head>`,
  ],
  ['<head><title>x</title></head><body></body>', `<head><title>x</title>${tag}</head><body></body>`],
  ['<!-- <script> -->\n<head>\n</head>', `<!-- <script> -->\n<head>\n  ${tag}\n</head>`],
  ['<HEAD>\n<SCRIPT>1</SCRIPT>\n</HEAD>', `<HEAD>\n${tag}\n<SCRIPT>1</SCRIPT>\n</HEAD>`],
  ['<title>x</title>\n<body>\n<p>', `<title>x</title>\n${tag}\n<body>\n<p>`],
  ['<!doctype html>\n<p>Hello', `<!doctype html>\n${tag}\n<p>Hello`],
  ['<p>Hello', `${tag}\n<p>Hello`],
  ['', `${tag}\n`],
])('%j gets the tag before its first script, in its head', (html, edited) => {
  expect(editHtml(html)).toBe(edited);
});

test.each([
  [tag],
  ["<script async data-api='/api/ /v1/' src='./js/daypass.js?v=1'></script>"],
  ['<SCRIPT\n  SRC=/daypass.js\n  data-api=/api/></SCRIPT>'],
])('a page that has the tag is left as it is: %j', (html) => {
  const { changes, notes } = planInit(filesOf({ 'index.html': `<head>${html}</head>` }), {});
  expect(changes.map(({ path }) => path)).not.toContain('index.html');
  expect(notes).toEqual([]);
});

test('a tag in a comment is none; one for another prefix is noted', () => {
  expect(editHtml(`<!-- ${tag} --><head></head>`)).toBe(`<!-- ${tag} --><head>${tag}</head>`);
  const { changes, notes } = planInit(filesOf({ 'index.html': tag }), { apiPrefix: '/v1/' });
  expect(changes.map(({ path }) => path)).not.toContain('index.html');
  expect(notes).toMatchObject([{ id: 'by_hand', path: 'index.html' }]);
});

test('other pages without the tag are named, with it they are not', () => {
  const files = { 'index.html': tag, 'about.html': '<p>', 'shop/cart.html': '<p>', 'contact.html': tag };
  const { notes } = planInit(filesOf(files), {});
  expect(notes).toEqual([
    {
      id: 'other_pages',
      path: 'index.html',
      message: 'Other pages that call /api/ need the tag too: about.html, shop/cart.html.',
    },
  ]);
});

test('pages are published where they are, with the script next to them; one of another version stays', () => {
  const files = { 'public/index.html': '<p>', 'public/daypass.js': 'old\n', 'package.json': '{}' };
  const { site, changes, notes } = planInit(filesOf(files), {
    scripts: { 'daypass.js': 'new\n', 'daypass-more.js': 'more\n' },
  });
  expect(site.publish).toBe('public');
  const paths = changes.map(({ path }) => path);
  expect(paths).toContain('public/daypass-more.js');
  expect(paths).not.toContain('public/daypass.js');
  expect(notes).toMatchObject([{ id: 'kept_file', path: 'public/daypass.js' }]);
});

test('pages that a build makes are not edited, and nothing is put next to them', () => {
  const files = {
    'package.json': manifest({ '@11ty/eleventy': '3', daypass: '0.1.0' }),
    'netlify.toml': '[build]\n  publish = "_site"\n',
    'src/index.html': '---\ntitle: Hello\n---\n<p>',
  };
  const { site, changes, notes } = planInit(filesOf(files), { scripts: { 'daypass.js': 'script\n' } });
  expect([site.publish, site.command]).toEqual(['_site', 'npm run build']);
  expect(changes.map(({ path }) => path).filter((path) => /^(_site|src)\//.test(path))).toEqual([]);
  expect(notes).toMatchObject([{ id: 'by_hand', path: '_site/index.html' }]);
});

function editEntry(code: string): string | undefined {
  const files = { ...projects.viteVue, 'src/main.js': code };
  return planInit(filesOf(files), {}).changes.find(({ path }) => path === 'src/main.js')?.after;
}

test.each([
  ["import a from 'a';\n", "import './daypass';\nimport a from 'a';\n"],
  ["import a from 'a'\n", "import './daypass'\nimport a from 'a'\n"],
  ['import a from "a"', 'import "./daypass"\nimport a from "a"'],
  [
    "// first\r\n'use client';\r\n\r\nstart();\r\n",
    "// first\r\n'use client';\r\n\r\nimport './daypass';\r\nstart();\r\n",
  ],
  ["/*\n import x from 'x'\n*/\nstart();", "/*\n import x from 'x'\n*/\nimport './daypass';\nstart();"],
  ["import {\n  a,\n} from 'a';\n", "import './daypass';\nimport {\n  a,\n} from 'a';\n"],
  ['', "import './daypass';\n"],
])('%j imports the module before its first statement', (code, edited) => {
  expect(editEntry(code)).toBe(edited);
});

test.each([["import './daypass';\n"], ["import { session } from './daypass.js';\n"]])(
  'an entry that imports it is left as it is: %j',
  (code) => {
    const files = { ...projects.viteVue, 'src/main.js': code, 'src/daypass.js': "import 'daypass';\n" };
    const edited = planInit(filesOf(files), {}).changes.map(({ path }) => path);
    expect(edited.filter((path) => path.startsWith('src/'))).toEqual([]);
  },
);

test.each([
  ['a module of its own', 'src/api.js', "import { createSession } from 'daypass';\n"],
  ['the hook', 'src/App.jsx', "import { DaypassProvider } from 'daypass/react';\n"],
  ['the tag', 'index.html', `${tag}<script type="module" src="/src/main.js"></script>`],
])('a bundled page that has Daypass already, by %s, is left as it is', (_how, path, text) => {
  const { changes, notes } = planInit(filesOf({ ...projects.viteVue, [path]: text }), {});
  expect(changes.map((change) => change.path).filter((each) => each.startsWith('src/'))).toEqual([]);
  expect(notes).toEqual([]);
});

test.each([
  ['a name that is taken', projects.viteVue, 'src/daypass.js', 'export const pass = 1;\n'],
  ['no module that begins it', projects.viteVue, 'index.html', '<div id="app"></div>'],
  ['a Next of before 15.3', projects.next, 'package.json', manifest({ next: '15.2.4', daypass: '0.1.0' })],
  ['an Astro without a head', projects.astro, 'src/layouts/Layout.astro', '<BaseHead /><slot />\n'],
])('where a page has %s, what is left to do is noted', (_what, files, path, text) => {
  const { notes } = planInit(filesOf({ ...files, [path]: text }), {});
  expect(notes).toMatchObject([{ id: 'by_hand' }]);
});

test('a Next of before 15.3 with its own _app imports the module there', () => {
  const files = {
    'package.json': manifest({ next: '14', daypass: '0.1.0' }),
    'pages/_app.js': "import '../style.css';\n\nexport default App;\n",
  };
  const { changes, notes } = planInit(filesOf(files), {});
  expect(changes.find(({ path }) => path === 'pages/_app.js')?.after).toBe(
    "import '../daypass';\nimport '../style.css';\n\nexport default App;\n",
  );
  expect(notes).toEqual([]);
});
