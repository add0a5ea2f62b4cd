import { afterEach, vi } from 'vitest';

/** Stands in for the platform's globals: variables, and what the console was told. Undone after each test. */
export function usePlatform() {
  const lines: string[] = [];
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.restoreAllMocks();
    lines.length = 0;
  });
  return {
    lines,
    /** Sets all the variables that there are. */
    provide(variables: Readonly<Record<string, string>>): void {
      vi.stubGlobal('Netlify', { env: { get: (name: string) => variables[name] } });
      vi.spyOn(console, 'log').mockImplementation((line) => lines.push(String(line)));
    },
  };
}
