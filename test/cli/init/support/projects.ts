import type { ProjectFiles } from '../../../../cli/init/project.ts';

/** A `package.json`. */
export function manifest(dependencies: Record<string, string>, more: Record<string, unknown> = {}): string {
  return JSON.stringify({ private: true, scripts: { build: 'build' }, dependencies, ...more }, null, 2);
}

const viteHtml = (entry: string) => `<!doctype html>
<html lang="en">
  <head>
    <meta charset="UTF-8" />
    <title>App</title>
  </head>
  <body>
    <div id="root"></div>
    <script type="module" src="/src/${entry}"></script>
  </body>
</html>
`;

/** A project of each kind as its own starter makes it, reduced to what decides. */
export const projects = {
  html: {
    'index.html': `<!doctype html>
<html lang="en">
  <head>
    <title>Hello</title>
    <script src="app.js"></script>
  </head>
  <body></body>
</html>
`,
    'app.js': "fetch('/api/hello');\n",
    'package.json': '{ "dependencies": { "daypass": "0.1.0" } }\n',
  },
  viteReact: {
    'package.json': manifest({ vite: '8', react: '19', daypass: '0.1.0' }, { type: 'module' }),
    'vite.config.ts': 'export default {};\n',
    'tsconfig.json': '{\n  "files": [],\n  "references": [{ "path": "./tsconfig.app.json" }]\n}\n',
    'index.html': viteHtml('main.tsx'),
    'src/main.tsx': `import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import App from './App.tsx'

createRoot(document.getElementById('root')!).render(<StrictMode><App /></StrictMode>)
`,
    '.gitignore': 'node_modules\ndist\n',
  },
  viteVue: {
    'package.json': manifest({ vite: '8', vue: '3', daypass: '0.1.0' }),
    'vite.config.js': "export default { build: { outDir: 'build' } };\n",
    'index.html': viteHtml('main.js'),
    'src/main.js': `/* The app. */
import { createApp } from "vue";
import App from "./App.vue";

createApp(App).mount("#app");
`,
  },
  viteSvelte: {
    'package.json': manifest({ vite: '8', svelte: '5', daypass: '0.1.0' }),
    'index.html': viteHtml('main.ts'),
    'tsconfig.json': '{ "compilerOptions": { "noEmit": true }, "include": ["src"] }\n',
    'src/main.ts': `import { mount } from 'svelte'
import App from './App.svelte'

export default mount(App, { target: document.getElementById('app')! })
`,
  },
  nextExport: {
    'package.json': manifest({ next: '16.4.6', react: '19', daypass: '0.1.0' }),
    'next.config.mjs': "export default { output: 'export' };\n",
    'tsconfig.json': `{
  "compilerOptions": {
    "strict": true,
    "noEmit": true
  },
  "include": ["next-env.d.ts", "**/*.ts", "**/*.tsx"],
  "exclude": ["node_modules"]
}
`,
    'app/layout.tsx': 'export default ({ children }) => <html><body>{children}</body></html>;\n',
    'app/page.tsx': 'export default () => null;\n',
  },
  next: {
    'package.json': manifest({ next: '^15.3.0', daypass: '0.1.0' }),
    'next.config.js': "// output: 'export'\nmodule.exports = {};\n",
    'src/app/layout.jsx': 'export default ({ children }) => children;\n',
  },
  astro: {
    'package.json': manifest({ astro: '7', daypass: '0.1.0' }),
    'astro.config.mjs': 'export default {};\n',
    'tsconfig.json': '{ "extends": "astro/tsconfigs/strict" }\n',
    'src/layouts/Layout.astro': `---
const { title } = Astro.props;
---

<html lang="en">
  <head>
    <meta charset="utf-8" />
    <title>{title}</title>
  </head>
  <body><slot /></body>
</html>
`,
    'src/pages/index.astro':
      '---\nimport Layout from \'../layouts/Layout.astro\';\n---\n<Layout title="Hi" />\n',
  },
  sveltekit: {
    'package.json': manifest({ '@sveltejs/kit': '3', svelte: '5', vite: '8', daypass: '0.1.0' }),
    'svelte.config.js': 'export default {};\n',
    'tsconfig.json': '{ "extends": "./.svelte-kit/tsconfig.json" }\n',
    'src/routes/+page.svelte': '<p>Hi</p>\n',
    'src/app.html':
      '<!doctype html>\n<html><head>%sveltekit.head%</head><body>%sveltekit.body%</body></html>\n',
  },
  other: {
    'package.json': manifest({ '@angular/core': '22', daypass: '0.1.0' }),
    'src/index.html': '<!doctype html><app-root></app-root>\n',
    'src/main.ts': 'bootstrap();\n',
  },
} satisfies Record<string, Record<string, string>>;

export const filesOf = (files: Readonly<Record<string, string>>): ProjectFiles =>
  new Map(Object.entries(files));
