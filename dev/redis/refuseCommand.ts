import type { Command } from './backend.ts';

// All callers share one connection: a command that blocks it or changes its state would stop or mislead the others.
const refused = new Set([
  ...['AUTH', 'CLIENT', 'HELLO', 'QUIT', 'READONLY', 'READWRITE', 'RESET', 'SELECT'],
  ...['DISCARD', 'EXEC', 'MULTI', 'UNWATCH', 'WATCH'],
  ...['PSUBSCRIBE', 'PUNSUBSCRIBE', 'SSUBSCRIBE', 'SUBSCRIBE', 'SUNSUBSCRIBE', 'UNSUBSCRIBE'],
  ...[
    'BLMOVE',
    'BLMPOP',
    'BLPOP',
    'BRPOP',
    'BRPOPLPUSH',
    'BZMPOP',
    'BZPOPMAX',
    'BZPOPMIN',
    'WAIT',
    'WAITAOF',
  ],
  ...[
    'CLUSTER',
    'DEBUG',
    'FAILOVER',
    'MONITOR',
    'PSYNC',
    'REPLCONF',
    'REPLICAOF',
    'SHUTDOWN',
    'SLAVEOF',
    'SYNC',
  ],
]);

/**
 * Why the REST API does not offer a command, in Upstash's words, or undefined when it does.
 * Source: Upstash, "REST - Redis API Compatibility"; of the commands on a server, those that would stop it.
 */
export function refuseCommand([name, ...args]: Command): Error | undefined {
  const blocks = (name === 'XREAD' || name === 'XREADGROUP') && args.some((word) => /^block$/i.test(word));
  if (!blocks && !refused.has(name)) return undefined;
  return new Error(`ERR Command "${name}" is not allowed in REST or it has a special context path`);
}
