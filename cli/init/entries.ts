import { type Draft, relativeModule } from './draft.ts';
import { valueAt } from './netlifyToml.ts';
import { findFile, inFolder, type ProjectFiles, type Site } from './project.ts';

/** Entry files that a site may do without. */
export const extraNames = ['guard', 'identity', 'sweep'] as const;

export type Extra = (typeof extraNames)[number];

/** The folders of functions and edge functions, relative to the site's. */
export interface FunctionFolders {
  readonly functions: string;
  readonly edgeFunctions: string;
}

/**
 * Where Netlify looks for functions.
 * @param document `netlify.toml`, parsed
 */
export function functionFolders(document: Parameters<typeof valueAt>[0]): FunctionFolders {
  const read = (...paths: string[][]) => {
    const [first] = paths.map((path) => valueAt(document, path)).filter((value) => typeof value === 'string');
    return first?.replace(/^\.?\//, '').replace(/\/$/, '');
  };
  return {
    functions: read(['functions', 'directory'], ['build', 'functions']) || 'netlify/functions',
    edgeFunctions: read(['build', 'edge_functions']) || 'netlify/edge-functions',
  };
}

interface Entry {
  readonly name: string;
  readonly isEdge: boolean;
  /** What shows that a file has this part. */
  readonly factory: string;
  write(policy: string, prefix: string): string;
}

const entries: Readonly<Record<'session' | 'gate' | Extra, Entry>> = {
  session: {
    name: 'session',
    isEdge: false,
    factory: 'createBroker',
    write: (policy) => `import { createBroker } from 'daypass/netlify';

// Loaded here, so that /session/status can say what is wrong with it.
export default createBroker(() => import('${policy}'));

export const config = { path: ['/session/*', '/.well-known/oauth-authorization-server'] };
`,
  },
  gate: {
    name: 'gate',
    isEdge: true,
    factory: 'createGate',
    write: (policy, prefix) => `import { createGate } from 'daypass/netlify';
import policy from '${policy}';

export default createGate(policy);

export const config = { path: '${prefix}*' };
`,
  },
  guard: {
    name: 'guard',
    isEdge: true,
    factory: 'createSignupGuard',
    write: (policy) => `import { createSignupGuard } from 'daypass/netlify';
import policy from '${policy}';

export default createSignupGuard(policy);

export const config = { path: '/.netlify/identity/*', onError: 'bypass' };
`,
  },
  identity: {
    name: 'identity',
    isEdge: false,
    factory: 'createIdentityFunction',
    write: (policy) => `import { createIdentityFunction } from 'daypass/netlify';
import policy from '${policy}';

const { userValidate } = createIdentityFunction(policy);

// Netlify reads the names of the events from this literal; without it the function is never called.
export default { userValidate };
`,
  },
  sweep: {
    name: 'sweep',
    isEdge: false,
    factory: 'createSweep',
    write: (policy) => `import { createSweep } from 'daypass/netlify';
import policy from '${policy}';

export default createSweep(policy);

export const config = { schedule: '@hourly' };
`,
  },
};

function writePolicy(prefix: string, hasAdmission: boolean): string {
  const admission = `
  // Marks throwaway users when they sign up. A site without members refuses all others with { members: 'deny' }.
  admission: {},`;
  return `import { definePolicy } from 'daypass/netlify';

export default definePolicy({
  routes: [{ path: '${prefix}*' }],${hasAdmission ? admission : ''}
});
`;
}

/** Writes the policy and the entry files that are missing; a part that a file has already is there, whatever it is called. */
export function draftEntries(
  draft: Draft,
  files: ProjectFiles,
  site: Site,
  folders: FunctionFolders,
  { prefix, extras }: { prefix: string; extras: readonly Extra[] },
): void {
  const policy = draftPolicy(draft, files, site, prefix, extras.includes('identity'));
  for (const key of ['session', 'gate', ...extras] as const) {
    const { name, isEdge, factory, write } = entries[key];
    const folder = inFolder(site.folder, isEdge ? folders.edgeFunctions : folders.functions);
    if (findPart(files, folder, factory) !== undefined) continue;
    const taken = findFile(files, folder, new RegExp(`^${name}(\\.[cm]?[jt]s|/.+)$`));
    if (taken !== undefined && key === 'identity') {
      draft.note(
        'by_hand',
        taken,
        'It has event functions of yours. Let createIdentityFunction(policy, { … }) of daypass/netlify make them, so that visitors are admitted too.',
      );
      continue;
    }
    const path = inFolder(folder, `${taken === undefined ? name : `daypass-${name}`}.ts`);
    draft.write(path, write(`${relativeModule(path, policy.path)}${policy.ending}`, prefix));
  }
}

/** The file of a folder that calls a factory of Daypass. */
function findPart(files: ProjectFiles, folder: string, factory: string): string | undefined {
  return [...files].find(
    ([path, text]) => path.startsWith(`${folder}/`) && new RegExp(`\\b${factory}\\s*\\(`).test(text),
  )?.[0];
}

function draftPolicy(
  draft: Draft,
  files: ProjectFiles,
  site: Site,
  prefix: string,
  hasAdmission: boolean,
): { path: string; ending: string } {
  const there = findFile(files, site.folder, /^daypass\.config\.[cm]?[jt]s$/);
  const path = there ?? inFolder(site.folder, 'daypass.config.ts');
  const text = there === undefined ? undefined : files.get(there);
  if (text === undefined) {
    draft.write(path, writePolicy(prefix, hasAdmission));
  } else if (hasAdmission && !/\badmission\s*:/.test(text)) {
    draft.note('by_hand', path, 'Add admission: {} to the policy: the identity function requires it.');
  }
  const ending = /\.[^.]+$/.exec(path)?.[0] ?? '';
  return { path: path.slice(0, -ending.length), ending };
}
