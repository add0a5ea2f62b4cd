import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readPayload } from '../../../cli/event/payload.ts';
import { samplePayloads } from '../../../src/identity/samplePayloads.ts';

const now = Date.parse('2026-11-29T12:00:00.123Z');
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daypass-payload-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function fileOf(text: string): Promise<string> {
  const file = join(folder, 'payload.json');
  await writeFile(file, text);
  return file;
}

function read(event: 'login' | 'deleted', email: string | undefined, dataFile: string | undefined) {
  return readPayload({ event, email, dataFile, cwd: folder, now });
}

test.each(['validate', 'signup', 'login', 'modified', 'deleted'] as const)(
  'without a file, %s is what GoTrue sent, of somebody new, now',
  async (event) => {
    const read = () => readPayload({ event, email: 'a@x.example', dataFile: undefined, cwd: folder, now });
    const [first, second] = [await read(), await read()];
    const { user } = first as { user: Record<string, unknown> };
    const recorded = samplePayloads[event];
    expect({ ...first, user: Object.keys(user) }).toEqual({ ...recorded, user: Object.keys(recorded.user) });
    expect(user.email).toBe('a@x.example');
    expect(user).toMatchObject({ aud: recorded.user.aud, app_metadata: recorded.user.app_metadata });
    expect(user.id).not.toBe((second.user as { id?: string }).id);
    // Stored times are cut to the second.
    const isStored = event !== 'validate' && event !== 'signup';
    expect(user.created_at).toBe(isStored ? '2026-11-29T12:00:00Z' : '2026-11-29T12:00:00.123000Z');
  },
);

test('a file is sent as it is', async () => {
  const body = { event: 'login', instance_id: 'mine', user: { id: '1' }, more: true };
  expect(await read('login', undefined, await fileOf(JSON.stringify(body)))).toEqual(body);
});

test.each([
  ['{"event":"signup","instance_id":"i","user":{}}', 'holds the event signup, not login'],
  ['{"event":"login","instance_id":"i","user":null}', 'must hold { event, instance_id, user }'],
  ['{"event":"login","user":{}}', 'must hold { event, instance_id, user }'],
  ['null', 'must hold { event, instance_id, user }'],
  ['{', 'is no JSON'],
])('a file that holds %s is a mistake', async (text, words) => {
  const file = await fileOf(text);
  await expect(read('login', undefined, file)).rejects.toThrow(words);
});

test('so is one that is not there', async () => {
  await expect(read('login', undefined, '/nowhere.json')).rejects.toThrow(
    '--data: /nowhere.json cannot be read: ENOENT.',
  );
});
