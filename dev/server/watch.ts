import { existsSync, type FSWatcher, watch } from 'node:fs';
import { dirname, join, sep } from 'node:path';

/** An editor writes a file in several steps. */
const settleMilliseconds = 100;

/** Watches the files that a site's functions depend on. */
export interface FileWatch {
  /** From now on these are the files, besides those of the folders. */
  follow(files: readonly string[]): void;
  close(): void;
}

/**
 * @param folders every file in them counts, also a new one
 * @param onChange called once for changes that come together
 */
export function watchFiles(
  folders: readonly string[],
  onChange: (files: readonly string[]) => void,
): FileWatch {
  const watchers = new Map<string, FSWatcher>();
  let followed = new Set<string>();
  const changed = new Set<string>();
  let timer: NodeJS.Timeout | undefined;

  function report(): void {
    const files = [...changed].sort();
    changed.clear();
    onChange(files);
  }

  function notice(file: string): void {
    const isIn = (folder: string) => file.startsWith(folder + sep);
    if (!followed.has(file) && !folders.some(isIn)) return;
    changed.add(file);
    clearTimeout(timer);
    timer = setTimeout(report, settleMilliseconds);
  }

  function open(folder: string): void {
    if (watchers.has(folder) || !existsSync(folder)) return;
    const watcher = watch(folder, (_, name) => name !== null && notice(join(folder, name)));
    // A folder that is removed is watched again when a file in it is loaded.
    watcher.on('error', () => {
      watcher.close();
      watchers.delete(folder);
    });
    watchers.set(folder, watcher);
  }

  return {
    follow(files) {
      followed = new Set(files);
      for (const folder of new Set([...folders, ...files.map((file) => dirname(file))])) open(folder);
    },
    close() {
      clearTimeout(timer);
      for (const watcher of watchers.values()) watcher.close();
    },
  };
}
