import { inFolder, type ProjectFiles } from './project.ts';

/** One file that `init` writes. */
export interface Change {
  /** Relative to the repository. */
  readonly path: string;
  /** What it holds now; undefined where there is none. */
  readonly before: string | undefined;
  readonly after: string;
}

/** What a note is about; stable, for programs. */
export type NoteId =
  | 'kept_setting'
  | 'kept_file'
  | 'by_hand'
  | 'route_taken'
  | 'node_version'
  | 'other_pages'
  | 'functions_folder';

/** Something that the plan leaves as it is, and that somebody should know of. */
export interface Note {
  readonly id: NoteId;
  readonly path: string;
  /** One or two sentences for people. */
  readonly message: string;
}

/** A plan that is being made: the files as they will be, and the notes so far. */
export class Draft {
  readonly notes: Note[] = [];
  readonly #files: ProjectFiles;
  readonly #after = new Map<string, string>();

  constructor(files: ProjectFiles) {
    this.#files = files;
  }

  /** A file as it will be; undefined where there will be none. */
  read(path: string): string | undefined {
    return this.#after.get(path) ?? this.#files.get(path);
  }

  write(path: string, text: string): void {
    this.#after.set(path, text);
  }

  note(id: NoteId, path: string, message: string): void {
    this.notes.push({ id, path, message });
  }

  /** Those that differ from what is there, in the order in which they were first written. */
  get changes(): Change[] {
    return [...this.#after]
      .map(([path, after]) => ({ path, before: this.#files.get(path), after }))
      .filter(({ before, after }) => before !== after);
  }
}

/** How a file ends its lines. */
export function lineEnding(text: string): '\r\n' | '\n' {
  return text.includes('\r\n') ? '\r\n' : '\n';
}

/** A file with lines added at its end, spelled as the others are; it may be missing. */
export function appendLines(text: string | undefined, lines: readonly string[]): string {
  if (lines.length === 0) return text ?? '';
  const end = lineEnding(text ?? '');
  const separator = text && !text.endsWith('\n') ? end : '';
  return `${text ?? ''}${separator}${lines.join(end)}${end}`;
}

/** How a module names another, without the ending: `../../daypass.config`. Both paths are relative to the repository. */
export function relativeModule(from: string, to: string): string {
  const folders = from.split('/').slice(0, -1);
  const target = to.split('/');
  let shared = 0;
  while (shared < folders.length && shared < target.length - 1 && folders[shared] === target[shared])
    shared += 1;
  const up = folders.slice(shared).map(() => '..');
  return inFolder(up.join('/') || '.', target.slice(shared).join('/'));
}
