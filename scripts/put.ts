import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

let drafts = 0;

/** Writes a file in one step: another process may be reading or writing it. */
export async function put(file: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  drafts += 1;
  const draft = `${file}.${process.pid}-${drafts}`;
  await writeFile(draft, content);
  await rename(draft, file);
}
