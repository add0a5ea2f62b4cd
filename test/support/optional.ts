import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe } from 'vitest';

/** Parts that a machine may lack, and what to do about it. */
const parts = {
  'redis-server': 'put redis-server on the PATH or set REDIS_URL',
  chromium: 'put chromium on the PATH or set CHROMIUM_PATH',
  python3: 'put python3 on the PATH',
} as const;

export type OptionalPart = keyof typeof parts;

/** The path of a program, or undefined when the PATH has none of that name. */
export function findProgram(name: string): string | undefined {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // not in this folder
    }
  }
  return undefined;
}

function isPresent(part: OptionalPart): boolean {
  if (part === 'redis-server' && process.env.REDIS_URL) return true;
  if (part === 'chromium' && process.env.CHROMIUM_PATH) return true;
  return findProgram(part) !== undefined;
}

/** What the reporter prints for a suite that was skipped for want of a part. */
export function remedyFor(part: string): string {
  return parts[part as OptionalPart] ?? 'see the test';
}

/**
 * `describe` for tests that need an optional part. Without the part the suite is skipped, and the reporter
 * says why; under DAYPASS_TEST_ALL=1 it runs all the same, so that a missing part is a failure.
 */
export function describeWith(part: OptionalPart): (title: string, body: () => void) => void {
  const skip = !isPresent(part) && process.env.DAYPASS_TEST_ALL !== '1';
  return (title, body) => {
    describe.skipIf(skip)(`${title} [needs ${part}]`, body);
  };
}
