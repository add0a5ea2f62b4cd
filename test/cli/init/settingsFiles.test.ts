import { expect, test } from 'vitest';
import { Draft } from '../../../cli/init/draft.ts';
import { readSite } from '../../../cli/init/project.ts';
import { draftEnvExample, draftGitignore, draftTsConfig } from '../../../cli/init/settingsFiles.ts';
import { filesOf, projects } from './support/projects.ts';

/** What becomes of one file of a plain site, and of a site in a folder. */
function edit(
  draftFile: (draft: Draft, files: ReturnType<typeof filesOf>, site: ReturnType<typeof readSite>) => void,
  path: string,
  more: Record<string, string>,
  folder = '',
): string | undefined {
  const prefix = folder === '' ? '' : `${folder}/`;
  const files = filesOf({ [`${prefix}index.html`]: '', ...more });
  const draft = new Draft(files);
  draftFile(draft, files, readSite(files, folder));
  expect(draft.changes.map((change) => change.path).filter((each) => each !== path)).toEqual([]);
  return draft.read(path);
}

const noEmit = '"noEmit": true';

test.each([
  [
    'comments, and a comma at the end',
    `{\n  // Ours.\n  "compilerOptions": {\n    ${noEmit}, // nothing\n  },\n}\n`,
    `{\n  // Ours.\n  "compilerOptions": {\n    ${noEmit},\n    "allowImportingTsExtensions": true, // nothing\n  },\n}\n`,
  ],
  [
    'tabs, and lines that end as on Windows',
    `{\r\n\t"compilerOptions": {\r\n\t\t${noEmit}\r\n\t}\r\n}`,
    `{\r\n\t"compilerOptions": {\r\n\t\t${noEmit},\r\n\t\t"allowImportingTsExtensions": true\r\n\t}\r\n}`,
  ],
  [
    'four spaces, and a compiler that emits',
    '{\n    "compilerOptions": {\n        "outDir": "x"\n    }\n}\n',
    '{\n    "compilerOptions": {\n        "outDir": "x",\n        "rewriteRelativeImportExtensions": true\n    }\n}\n',
  ],
  ['no options', '{}', '{\n  "compilerOptions": {\n    "rewriteRelativeImportExtensions": true\n  }\n}'],
])('a tsconfig.json with %s gains one option, and keeps the rest', (_what, text, edited) => {
  const file = (draft: Draft, ...rest: [ReturnType<typeof filesOf>, ReturnType<typeof readSite>]) =>
    draftTsConfig(draft, ...rest);
  expect(edit(file, 'tsconfig.json', { 'tsconfig.json': text })).toBe(edited);
  expect(edit(file, 'tsconfig.json', { 'tsconfig.json': edited })).toBe(edited);
});

test.each([
  ['has the option', `{ "compilerOptions": { "allowImportingTsExtensions": true, ${noEmit} } }`],
  ['rewrites endings', '{ "compilerOptions": { "rewriteRelativeImportExtensions": true } }'],
  ['leads to others', '{ "files": [], "references": [{ "path": "./tsconfig.app.json" }] }'],
  ['takes in the source alone', `{ "compilerOptions": { ${noEmit} }, "include": ["src", "vite.config.ts"] }`],
  ["extends Astro's", '{ "extends": "astro/tsconfigs/base", "include": ["**/*"] }'],
  ["extends SvelteKit's", '{ "extends": "./.svelte-kit/tsconfig.json" }'],
  ['extends one that has it', '{ "extends": ["./config/base"] }'],
])('a tsconfig.json that %s is left as it is', (_what, text) => {
  const base = '{ "compilerOptions": { "noEmit": true, "allowImportingTsExtensions": true } }';
  const files = { 'tsconfig.json': text, 'config/base.json': base };
  expect(edit(draftTsConfig, 'tsconfig.json', files)).toBe(text);
});

test('what a tsconfig.json extends says whether TypeScript emits', () => {
  const files = {
    'web/tsconfig.json': '{ "extends": "../tsconfig.base.json" }',
    'tsconfig.base.json': '{ "extends": "./a.json" }',
    'a.json': `{ "compilerOptions": { ${noEmit} } }`,
  };
  expect(edit(draftTsConfig, 'web/tsconfig.json', files, 'web')).toContain(
    '"allowImportingTsExtensions": true',
  );
});

const withBackend = (draft: Draft, _files: unknown, site: ReturnType<typeof readSite>) =>
  draftEnvExample(draft, site, 'https://b.example');

test('.env.example gains the variables that it lacks', () => {
  const text = 'PORT=1\r\n#DAYPASS_SECRET=\r\nexport DAYPASS_PRIVATE_SECRET=""\r\nUPSTASH_REDIS_REST_URL=x';
  const edited = `${text}\r\n\r\n# The backend behind the gate\r\nDAYPASS_UPSTREAM=https://b.example\r\nUPSTASH_REDIS_REST_TOKEN=\r\n`;
  expect(edit(withBackend, '.env.example', { '.env.example': text })).toBe(edited);
  expect(edit(withBackend, '.env.example', { '.env.example': edited })).toBe(edited);
});

const gitignore = (draft: Draft, _files: unknown, site: ReturnType<typeof readSite>) =>
  draftGitignore(draft, site);

test.each([
  [undefined, 'node_modules\n.env\n'],
  ['dist', 'dist\n.env\n'],
  ['dist\r\n', 'dist\r\n.env\r\n'],
  ['.env\n', '.env\n'],
  ['/.env\n', '/.env\n'],
  ['**/.env\n', '**/.env\n'],
  ['.env.local\n# .env\n', '.env.local\n# .env\n.env\n'],
  // As create-next-app writes it: the example would not be committed.
  ['.env*\n', '.env*\n!.env.example\n'],
  ['.env*\n!.env.example\n', '.env*\n!.env.example\n'],
  ['.env\n!.env\n', '.env\n!.env\n.env\n'],
])('.gitignore %j becomes %j', (text, edited) => {
  const files = text === undefined ? {} : { '.gitignore': text };
  expect(edit(gitignore, '.gitignore', files as Record<string, string>)).toBe(edited);
});

test("a site in a folder is covered by the repository's .gitignore, else by its own", () => {
  expect(edit(gitignore, 'web/.gitignore', { '.gitignore': '.env\n' }, 'web')).toBeUndefined();
  expect(edit(gitignore, 'web/.gitignore', { '.gitignore': 'dist\n' }, 'web')).toBe('.env\n');
});

test('a project without TypeScript gets no tsconfig.json', () => {
  expect(edit(draftTsConfig, 'tsconfig.json', projects.viteVue)).toBeUndefined();
});
