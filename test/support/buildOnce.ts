import { buildSite } from '../../scripts/buildSite.ts';

/** Builds what pages and servers under test serve, once for all of them: a fresh clone has no `dist`. */
export async function setup(): Promise<void> {
  await buildSite();
}
