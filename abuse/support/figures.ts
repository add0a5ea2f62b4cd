/** One line of the table. */
export interface Figure {
  what: string;
  figure: string;
  bound: string;
  holds: boolean;
}

/** A figure that can only be this. */
export function exactly(what: string, figure: number, bound: number): Figure {
  return { what, figure: written(figure), bound: `exactly ${written(bound)}`, holds: figure === bound };
}

/** A figure that must not be above its bound. */
export function atMost(what: string, figure: number, bound: number, unit = ''): Figure {
  const holds = figure <= bound;
  return { what, figure: written(figure) + unit, bound: `at most ${written(bound)}${unit}`, holds };
}

/** A figure that must not be below its bound. */
export function atLeast(what: string, figure: number, bound: number, unit = ''): Figure {
  const holds = figure >= bound;
  return { what, figure: written(figure) + unit, bound: `at least ${written(bound)}${unit}`, holds };
}

/**
 * What must be none of many.
 * @param outcomes of all
 * @param wanted what each must end in
 */
export function none(what: string, outcomes: readonly string[], wanted: string): Figure {
  const others = outcomes.filter((outcome) => outcome !== wanted);
  const figure = [`${written(others.length)} of ${written(outcomes.length)}`, ...new Set(others)].join(', ');
  // What could not have happened proves nothing.
  return { what, figure, bound: 'none', holds: others.length === 0 && outcomes.length > 0 };
}

function written(figure: number): string {
  return figure.toLocaleString('en', { maximumFractionDigits: 1 }).replaceAll(',', ' ');
}
