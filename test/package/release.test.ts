import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { root } from '../../scripts/bundle.ts';

// What a release relies on.

const read = (path: string) => readFileSync(join(root, path), 'utf8');
const { version, scripts } = JSON.parse(read('package.json')) as { version: string; scripts: object };

describe('the version', () => {
  test('is one for all three packages', () => {
    expect(JSON.parse(read('dev/package.json')).version).toBe(version);
    expect(read('python/pyproject.toml')).toContain(`\nversion = "${version}"\n`);
    const lock = JSON.parse(read('package-lock.json')) as { packages: Record<string, { version?: string }> };
    expect([lock.packages['']?.version, lock.packages.dev?.version]).toEqual([version, version]);
  });

  test('is the one that the documents name', () => {
    const pages = globSync('{README,CONTRIBUTING,docs/**/*,dev/README,python/README}.md', { cwd: root });
    const named = pages.flatMap((page) =>
      [...read(page).matchAll(/daypass(?:-dev)?-(\d+\.\d+\.\d+)/g)].map(([, each]) => `${page} ${each}`),
    );
    expect(named.filter((each) => !each.endsWith(` ${version}`))).toEqual([]);
  });

  test('stands in the changelog, by Keep a Changelog', () => {
    const text = read('CHANGELOG.md');
    const headings = (level: string) =>
      [...text.matchAll(new RegExp(`^${level} (.*)$`, 'gm'))].map(([, each = '']) => each);
    expect(headings('##')[0]).toBe('[Unreleased]');
    expect(text).toContain(version);
    const kinds = ['Added', 'Changed', 'Deprecated', 'Removed', 'Fixed', 'Security'];
    expect(headings('###').filter((each) => !kinds.includes(each))).toEqual([]);
  });
});

test('a checkout that npm installs as a dependency is built, as it is before it is packed', () => {
  // npm runs `prepare` in both cases, `prepack` only in the second.
  expect(scripts).toMatchObject({ prepare: 'npm run build' });
  expect(scripts).not.toHaveProperty('prepack');
});

describe('the workflows', () => {
  const release = read('.github/workflows/release.yml');

  /** The part of a job. */
  const job = (name: string) =>
    new RegExp(`^  ${name}:\\n((?:    .*\\n|\\n)+)`, 'm').exec(release)?.[1] ?? '';

  test('CI runs what proves a fresh clone, and a release runs CI first', () => {
    expect(read('.github/workflows/ci.yml')).toContain('- run: .ci/run\n');
    expect(job('test')).toContain('uses: ./.github/workflows/ci.yml');
    expect([job('npm'), job('pypi')].filter((text) => !text.includes('needs: test'))).toEqual([]);
  });

  test('each registry gets provenance, by an identity of the workflow and no stored token', () => {
    expect(job('npm').match(/npm publish --provenance/g)).toHaveLength(2);
    expect(job('npm')).toContain('--workspace daypass-dev');
    expect(job('pypi')).toContain('uses: pypa/gh-action-pypi-publish@');
    expect([job('npm'), job('pypi')].filter((text) => !text.includes('id-token: write'))).toEqual([]);
    expect(release).not.toMatch(/secrets\.|_TOKEN|_authToken|https?:/);
  });

  test('the tag is the version', () => {
    expect(job('npm')).toContain('"v$(node -p "require(\'./package.json\').version")" = "$GITHUB_REF_NAME"');
  });
});
