/**
 * Puts variables into this process's environment, from which each function's worker takes its copy.
 *
 * @returns a function that puts back what was there before
 */
export function provideEnvironment(variables: Readonly<Record<string, string>>): () => void {
  const before = Object.keys(variables).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, variables);
  return () => {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  };
}
