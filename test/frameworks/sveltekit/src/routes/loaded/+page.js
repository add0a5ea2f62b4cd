import { session } from '../../session.js';

export const ssr = false;
export const trailingSlash = 'always';

export async function load() {
  const response = await session.fetch('/api/hello');
  return response.json();
}
