import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readPayload } from '../../../dev/events/payload.ts';
import { samplePayloads } from '../../../src/identity/samplePayloads.ts';

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
  return readPayload({ event, email, dataFile });
}

test.each(['validate', 'signup', 'login', 'modified', 'deleted'] as const)(
  'without a file, %s has the shape of what GoTrue sent',
  async (event) => {
    const payload = await readPayload({ event, email: 'a@x.example', dataFile: undefined });
    const recorded = samplePayloads[event];
    expect(payload.event).toBe(recorded.event);
    expect(payload.user.email).toBe('a@x.example');
    expect(Object.keys(payload.user)).toEqual(expect.arrayContaining(Object.keys(recorded.user)));
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
    '/nowhere.json cannot be read: ENOENT.',
  );
});
