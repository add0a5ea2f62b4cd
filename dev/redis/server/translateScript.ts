import type { Command, Reply } from '../backend.ts';
import { hashScript } from '../hashScript.ts';

const upstashFlag = 'allow-key-locking';

/** A command to send in another's place, and how its reply is to be read. */
export type Translation = { command: Command; read: (reply: Reply) => Reply };

/**
 * The script without Upstash's own flag, which a stock Redis refuses. Lines keep their numbers, and other flags
 * their force.
 */
export function withoutUpstashFlag(script: string): string {
  const shebang = /^#!lua[^\n]*/.exec(script)?.[0];
  if (!shebang?.includes(upstashFlag)) return script;
  const flags = (/flags=(\S+)/.exec(shebang)?.[1] ?? '').split(',').filter((flag) => flag !== upstashFlag);
  return (flags.length > 0 ? `#!lua flags=${flags.join(',')}` : '') + script.slice(shebang.length);
}

/**
 * Translates scripts, and the hashes that callers know them by, for a stock Redis. A hash is known from the first
 * EVAL or SCRIPT LOAD of its script; before, and after a SCRIPT FLUSH, Redis itself answers NOSCRIPT.
 */
export function createScriptTranslator(): (command: Command) => Translation {
  const hashes = new Map<string, string>();
  const translated = (hash: string) => hashes.get(hash.toLowerCase()) ?? hash;

  const rewrite = (script: string): string => {
    const rewritten = withoutUpstashFlag(script);
    if (rewritten !== script) hashes.set(hashScript(script), hashScript(rewritten));
    return rewritten;
  };

  return (command) => {
    const [name, first, ...rest] = command;
    if (first === undefined) return { command, read: asIs };
    if (name === 'EVAL' || name === 'EVAL_RO')
      return { command: [name, rewrite(first), ...rest], read: asIs };
    if (name === 'EVALSHA' || name === 'EVALSHA_RO') {
      return { command: [name, translated(first), ...rest], read: asIs };
    }
    if (name !== 'SCRIPT') return { command, read: asIs };
    const subcommand = first.toUpperCase();
    if (subcommand === 'EXISTS') return { command: [name, first, ...rest.map(translated)], read: asIs };
    const [script, ...surplus] = rest;
    if (subcommand !== 'LOAD' || script === undefined) return { command, read: asIs };
    return {
      command: [name, first, rewrite(script), ...surplus],
      read: (reply) => (reply instanceof Error ? reply : hashScript(script)),
    };
  };
}

function asIs(reply: Reply): Reply {
  return reply;
}
