/**
 * Measures several sides in turn, each once a round, so that whatever else the machine does meets all of them. Every
 * second round goes backwards: none always follows the same neighbour.
 * @param rounds how often each is measured
 * @param sides each returns what it measured in one round
 * @param warmUpRounds come before and are not kept; 0 where each run starts a process of its own
 * @returns of each side, round by round
 */
export async function interleave<Name extends string, Measured>(
  rounds: number,
  sides: Record<Name, () => Measured | Promise<Measured>>,
  warmUpRounds = 1,
): Promise<Record<Name, Measured[]>> {
  const names = Object.keys(sides) as Name[];
  const measured = Object.fromEntries(names.map((name) => [name, [] as Measured[]])) as Record<
    Name,
    Measured[]
  >;
  for (let round = -warmUpRounds; round < rounds; round += 1) {
    const order = round % 2 === 0 ? names : names.toReversed();
    for (const name of order) {
      const figure = await sides[name]();
      if (round >= 0) measured[name].push(figure);
    }
  }
  return measured;
}

/** How long some work takes once, in milliseconds. For work of less than a millisecond take mitata's `measure`. */
export async function millisecondsOf(work: () => unknown): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}
