import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { PolicyInput } from '../../src/policy/types.ts';

/** The files of a site, as far as they differ from those of a site where all is well. */
export interface SiteOptions {
  /** What `daypass.config.ts` sets. */
  policy?: PolicyInput;
  /** The broker loads this in place of the policy: TypeScript that is at fault. Gate and guard fail with it, as on Netlify. */
  faultyPolicy?: string;
  /** Netlify's name of the deploy. Default: production. */
  deployContext?: string;
  /** Runs before the functions are loaded. */
  preamble?: string;
  /** Entry files by name, whole; null for one that is not there. */
  entries?: Partial<Record<EntryName, string | null>>;
}

const entryFiles = {
  session: 'netlify/functions/session.ts',
  identity: 'netlify/functions/identity.ts',
  gate: 'netlify/edge-functions/gate.ts',
  guard: 'netlify/edge-functions/guard.ts',
} as const;

type EntryName = keyof typeof entryFiles;

const productUrl = pathToFileURL(join(import.meta.dirname, '../../src/package/netlify.ts')).href;

/** The first lines of every entry file. */
const imports = `import '../../preamble.ts';
import { createBroker, createGate, createIdentityFunction, createSignupGuard } from '${productUrl}';
import { inDeploy } from '../../deploy.ts';
`;
export const withPolicy = `${imports}import policy from '../../daypass.config.ts';\n`;

/** What \`config\` of each entry says. */
export const configs = {
  session: "export const config = { path: ['/session/*', '/.well-known/oauth-authorization-server'] };\n",
  gate: "export const config = { path: '/api/*' };\n",
  guard: "export const config = { path: '/.netlify/identity/*', onError: 'bypass' };\n",
} as const;

const entries: Readonly<Record<EntryName, string>> = {
  session: `${withPolicy}export default inDeploy(createBroker(policy));\n${configs.session}`,
  identity: `${withPolicy}const { userValidate } = createIdentityFunction(policy);\nexport default { userValidate };\n`,
  gate: `${withPolicy}export default inDeploy(createGate(policy));\n${configs.gate}`,
  guard: `${withPolicy}export default inDeploy(createSignupGuard(policy));\n${configs.guard}`,
};

const fails = "throw new Error('the policy could not be loaded');";

/** With a policy at fault, what loads it reports it, and what imports it never runs. */
const withFaultyPolicy: Readonly<Record<EntryName, string | null>> = {
  session: `${imports}export default inDeploy(createBroker(() => import('../../faulty.ts')));\n${configs.session}`,
  identity: null,
  gate: `export default () => { ${fails} };\n${configs.gate}`,
  guard: `export default () => { ${fails} };\n${configs.guard}`,
};

/** Writes a site into a folder of its own, which `remove` takes away. */
export async function writeSite(options: SiteOptions): Promise<{ root: string; remove(): Promise<void> }> {
  const { policy = {}, faultyPolicy, deployContext = 'production', preamble = '' } = options;
  const root = await mkdtemp(join(tmpdir(), 'daypass-setup-'));
  const definePolicy = `import { definePolicy } from '${productUrl}';\n`;
  const files: Record<string, string> = {
    'package.json': '{ "type": "module" }\n',
    'index.html': '<!doctype html><title>A site</title>\n',
    'daypass.config.ts': `${definePolicy}export default definePolicy(${JSON.stringify(policy)});\n`,
    'faulty.ts': `${definePolicy}${faultyPolicy ?? 'export default undefined;'}\n`,
    'preamble.ts': `${preamble}\nexport {};\n`,
    // The dev server's deploy is one of a developer's machine; these are to be like those that visitors see.
    'deploy.ts': `export const inDeploy = (handle) => (request, context) =>
  handle(request, { ...context, deploy: { ...context.deploy, context: '${deployContext}' } });\n`,
  };
  const base = faultyPolicy === undefined ? entries : withFaultyPolicy;
  for (const [name, text] of Object.entries({ ...base, ...options.entries })) {
    if (text !== null && text !== undefined) files[entryFiles[name as EntryName]] = text;
  }
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), text);
  }
  return { root, remove: () => rm(root, { recursive: true, force: true }) };
}
