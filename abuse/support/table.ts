import type { Figure } from './figures.ts';

const widths = { what: 76, figure: 22 };

/** The lines of one measure: what, figure, bound. */
export function printFigures(figures: readonly Figure[]): void {
  for (const { what, figure, bound, holds } of figures) {
    const columns = [what.padEnd(widths.what), figure.padStart(widths.figure), bound];
    console.log(`${holds ? '  ' : '✗ '}${columns.join('   ')}`);
  }
}
