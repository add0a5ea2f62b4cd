import fc from 'fast-check';

/**
 * The seed of everything that tests draw by chance: the same at each run, so that a run that fails fails again, and a
 * change is judged by what it does. `DAYPASS_SEED` sets another one.
 */
export const seed = Number(process.env.DAYPASS_SEED ?? 20_261_128);

fc.configureGlobal({ seed });

export { fc };
