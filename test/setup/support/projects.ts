import { join } from 'node:path';
import type { FreshFiles } from './freshProject.ts';

// Projects as their starters make them, with one page that shows what the API answers. Nothing in them speaks of Daypass.

const manifest = (more: Record<string, unknown>) =>
  `${JSON.stringify({ name: 'site', private: true, version: '0.0.0', ...more }, null, 2)}\n`;

const show = `fetch('/api/public/entries')
  .then(async (response) => \`\${response.status} \${(await response.json()).count}\`)`;

export const html: FreshFiles = {
  files: {
    'package.json': manifest({ type: 'commonjs' }),
    'index.html': `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <title>A guest book</title>
  </head>
  <body>
    <p id="entries"></p>
    <script src="app.js"></script>
  </body>
</html>
`,
    'app.js': `${show}
  .then((text) => (document.querySelector('#entries').textContent = text));
`,
  },
};

/** `npm create vite -- --template react-ts`. */
export const viteReact: FreshFiles = {
  installed: [
    'vite',
    'react',
    'react-dom',
    '@vitejs/plugin-react',
    '@types/react',
    '@types/react-dom',
    'typescript',
  ],
  files: {
    'package.json': manifest({
      type: 'module',
      scripts: { dev: 'vite', build: 'tsc -b && vite build' },
      dependencies: { react: '^19.3.1', 'react-dom': '^19.3.1' },
      devDependencies: { '@vitejs/plugin-react': '^6.3.0', typescript: '~7.0.2', vite: '^8.3.8' },
    }),
    'vite.config.ts': `import { defineConfig } from 'vite'
import react from '@vitejs/plugin-react'

export default defineConfig({
  plugins: [react()],
})
`,
    'tsconfig.json': `{
  "files": [],
  "references": [
    { "path": "./tsconfig.app.json" }
  ]
}
`,
    'tsconfig.app.json': `{
  "compilerOptions": {
    "tsBuildInfoFile": "./node_modules/.tmp/tsconfig.app.tsbuildinfo",
    "target": "ES2023",
    "lib": ["ES2023", "DOM", "DOM.Iterable"],
    "module": "ESNext",
    "types": ["vite/client"],
    "skipLibCheck": true,

    /* Bundler mode */
    "moduleResolution": "bundler",
    "allowImportingTsExtensions": true,
    "verbatimModuleSyntax": true,
    "moduleDetection": "force",
    "noEmit": true,
    "jsx": "react-jsx",
    "strict": true
  },
  "include": ["src"]
}
`,
    'index.html': `<!doctype html>
<html lang="en">
  <head>
    <meta charset="UTF-8" />
    <title>Vite + React + TS</title>
  </head>
  <body>
    <div id="root"></div>
    <script type="module" src="/src/main.tsx"></script>
  </body>
</html>
`,
    'src/main.tsx': `import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import App from './App.tsx'

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <App />
  </StrictMode>,
)
`,
    'src/App.tsx': `import { useEffect, useState } from 'react'

export default function App() {
  const [entries, setEntries] = useState('')
  useEffect(() => {
    ${show}
      .then(setEntries)
  }, [])
  return <p id="entries">{entries}</p>
}
`,
    '.gitignore': 'node_modules\ndist\n*.local\n',
  },
};

const frameworks = join(import.meta.dirname, '../../frameworks');

export const nextExport: FreshFiles = {
  modulesOf: join(frameworks, 'next'),
  files: {
    'package.json': manifest({
      scripts: { dev: 'next dev', build: 'next build' },
      dependencies: { next: '16.4.6', react: '19.3.1', 'react-dom': '19.3.1' },
    }),
    'next.config.mjs': `export default { output: 'export' };\n`,
    'app/layout.js': `export default function RootLayout({ children }) {
  return (
    <html lang="en">
      <body>{children}</body>
    </html>
  );
}
`,
    'app/page.js': `'use client';

import { useEffect, useState } from 'react';

export default function Home() {
  const [entries, setEntries] = useState('');
  useEffect(() => {
    ${show}.then(setEntries);
  }, []);
  return <p id="entries">{entries}</p>;
}
`,
  },
};

export const astro: FreshFiles = {
  modulesOf: join(frameworks, 'astro'),
  files: {
    'package.json': manifest({
      type: 'module',
      scripts: { dev: 'astro dev', build: 'astro build' },
      dependencies: { astro: '7.3.5' },
    }),
    'astro.config.mjs': `import { defineConfig } from 'astro/config';\n\nexport default defineConfig({});\n`,
    'tsconfig.json':
      '{\n  "extends": "astro/tsconfigs/strict",\n  "include": [".astro/types.d.ts", "**/*"]\n}\n',
    'src/pages/index.astro': `---
---

<html lang="en">
  <head>
    <meta charset="utf-8" />
    <title>Astro</title>
  </head>
  <body>
    <p id="entries"></p>
    <script>
      const entries = document.querySelector('#entries')!;
      ${show}
        .then((text) => (entries.textContent = text));
    </script>
  </body>
</html>
`,
  },
};
