import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readSubscriptions } from '../../dev/events/readSubscriptions.ts';

const root = join(import.meta.dirname, '../..');

/** Of Express, the examples need no more; the middleware itself is tried with it in test/express. */
const expressStub = `declare module 'express' {
  type Handler = (request: Express.Request, response: { json(value: unknown): void }) => void;
  export default function express(): {
    use(path: string, middleware: unknown): void;
    get(path: string, handler: Handler): void;
  };
}
`;

/** The blocks of one language, their indentation in lists taken off. */
export function blocksOf(text: string, language: string): string[] {
  const pattern = new RegExp(`^( *)\`\`\`${language}\\n([\\s\\S]*?)^ *\`\`\`$`, 'gm');
  return [...text.matchAll(pattern)].map(([, indent = '', code = '']) =>
    code.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  );
}

/** A document's TypeScript, block by block, each a function of a project of its own. */
export interface DocsProject {
  text: string;
  blocks: string[];
  /** What the compiler says against it, strictly, with what the package exports. */
  compile(): Promise<string>;
  /** The events for which Netlify would call each block that the text is part of. */
  subscriptions(part: string): Promise<string[][]>;
  close(): Promise<void>;
}

/** @param config names the block that is the site's policy */
export async function openDocs(name: string, config?: number): Promise<DocsProject> {
  const text = readFileSync(join(root, 'docs', name), 'utf8');
  const blocks = blocksOf(text, 'ts');
  return openProject(text, blocks, config === undefined ? undefined : blocks[config]);
}

/**
 * @param text what the blocks are part of
 * @param config the site's policy
 */
export async function openProject(text: string, blocks: string[], config?: string): Promise<DocsProject> {
  await mkdir(join(root, 'dist'), { recursive: true });
  const folder = await mkdtemp(join(root, 'dist', 'docs-'));
  const functions = join(folder, 'netlify', 'functions');
  await mkdir(functions, { recursive: true });
  if (config !== undefined) await writeFile(join(folder, 'daypass.config.ts'), config);
  await writeFile(join(folder, 'express.d.ts'), expressStub);
  for (const [index, code] of blocks.entries()) await writeFile(join(functions, `block${index}.ts`), code);
  // What another block imports.
  const identity = blocks.find((code) => code.startsWith('// netlify/functions/identity.ts\n'));
  if (identity !== undefined) await writeFile(join(functions, 'identity.ts'), identity);
  return {
    text,
    blocks,
    async compile() {
      const paths = {
        daypass: [join(root, 'client/index.ts')],
        'daypass/proof': [join(root, 'client/proof/prove.ts')],
        'daypass/react': [join(root, 'client/react.ts')],
        'daypass/*': [join(root, 'src/package/*.ts')],
      };
      const settings = {
        extends: '../../tsconfig.json',
        compilerOptions: { paths },
        include: ['.'],
        exclude: [],
      };
      await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(settings));
      return spawnSync(join(root, 'node_modules/.bin/tsc'), ['-p', folder], { encoding: 'utf8' }).stdout;
    },
    async subscriptions(part) {
      const indexes = [...blocks.keys()].filter((index) => blocks[index]?.includes(part));
      return Promise.all(indexes.map((index) => readSubscriptions(folder, `block${index}`)));
    },
    close: () => rm(folder, { recursive: true, force: true }),
  };
}
