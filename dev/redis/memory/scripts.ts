import type { Command, Reply } from '../backend.ts';
import { hashScript } from '../hashScript.ts';
import { unwrapReply, wrapScript } from './wrapScript.ts';

type Evaluate = (script: string, ...args: string[]) => Promise<unknown>;
export type ScriptRunner = (command: Command) => Promise<Reply>;

/**
 * EVAL, EVALSHA and SCRIPT LOAD, EXISTS, FLUSH for the in-memory Redis, with scripts under the hashes of their own
 * text, Upstash's flags and all.
 */
export function createScriptRunner(evaluate: Evaluate): ScriptRunner {
  const scripts = new Map<string, string>();

  const keep = (script: string): string => {
    const hash = hashScript(script);
    scripts.set(hash, script);
    return hash;
  };

  const run = async (script: string, [count = '', ...words]: string[]): Promise<Reply> => {
    if (!/^-?\d+$/.test(count)) return new Error('ERR value is not an integer or out of range');
    if (Number(count) < 0) return new Error("ERR Number of keys can't be negative");
    if (Number(count) > words.length)
      return new Error("ERR Number of keys can't be greater than number of args");
    keep(script);
    try {
      return unwrapReply(await evaluate(wrapScript(script), count, ...words));
    } catch (error) {
      return new Error(`ERR Error compiling script: ${(error as Error).message}`);
    }
  };

  const manage = (subcommand: string, args: string[]): Reply => {
    const [script] = args;
    if (subcommand === 'LOAD' && script !== undefined) return keep(script);
    if (subcommand === 'EXISTS') return args.map((hash) => (scripts.has(hash.toLowerCase()) ? 1 : 0));
    if (subcommand !== 'FLUSH') return new Error(`ERR the in-memory Redis has no SCRIPT ${subcommand}`);
    scripts.clear();
    return 'OK';
  };

  return async ([name, first = '', ...rest]) => {
    if (name === 'SCRIPT') return manage(first.toUpperCase(), rest);
    if (name === 'EVAL') return run(first, rest);
    const script = scripts.get(first.toLowerCase());
    return script === undefined
      ? new Error('NOSCRIPT No matching script. Please use EVAL.')
      : run(script, rest);
  };
}
