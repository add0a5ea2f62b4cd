import { type Command, hashScript, type Reply } from './command.ts';

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

// ioredis-mock runs Lua, but hands values over as JavaScript has them, not as Redis does: numbers stay numbers, nil
// in a list is not false, a table with `ok` or `err` cannot be read at all. This Lua, put around a script, restores
// Redis's conversions (redis.io, "Scripting with Lua", "Data type conversion"). A reply leaves it as a scalar, or as
// a list whose first item says what the rest is.

const before = `
local send, unpack = redis.pcall, table.unpack
local null = send('TIME')[0]
local function worded(message)
  return string.find(message, '^%u%u+ ') and message or 'ERR in-memory Redis: ' .. message
end
local function received(value, first)
  if value == null then return false end
  if type(value) == 'number' then return math.tointeger(value) or value end
  if type(value) ~= 'userdata' then return value end
  if value[0] == 'error' and first == 1 then return { err = worded(string.gsub(value[1], '^%w*Error: ', '')) } end
  local list = {}
  for i = first, value.length - 1 do list[#list + 1] = received(value[i], 0) end
  return list
end
function redis.pcall(...)
  local words = { ... }
  for i, word in ipairs(words) do
    if type(word) == 'number' then words[i] = string.format('%.17g', word) end
    if i > 3 and string.upper(words[1]) == 'SET' then words[i] = string.upper(words[i]) end
  end
  return received(send(unpack(words)), 1)
end
function redis.call(...)
  local reply = redis.pcall(...)
  if type(reply) == 'table' and reply.err then error(reply, 0) end
  return reply
end
function redis.error_reply(message) return { err = message } end
function redis.status_reply(message) return { ok = message } end
local function sent(value)
  if type(value) == 'number' then return value < 0 and math.ceil(value) or math.floor(value) end
  if type(value) == 'boolean' then return value and 1 end
  if type(value) ~= 'table' then return value end
  if value.err then return { 'error', value.err } end
  if value.ok then return { 'status', value.ok } end
  local list = {}
  for _, item in ipairs(value) do list[#list + 1] = sent(item) or false end
  return { 'list', unpack(list) }
end
local function script() `
  .trim()
  .replace(/\s*\n\s*/g, ' ');

const after = `
end
local fine, reply = pcall(script)
if fine then return sent(reply) end
return { 'error', type(reply) == 'table' and reply.err or 'ERR ' .. tostring(reply) }
`;

/** The script with Redis's conversions around it and without its shebang; its lines keep their numbers. */
export function wrapScript(script: string): string {
  return `${before} ${script.replace(/^#![^\n]*/, '')}${after}`;
}

/** What a wrapped script returned, as a reply. */
export function unwrapReply(value: unknown): Reply {
  if (typeof value === 'number' || typeof value === 'string') return value;
  if (!Array.isArray(value)) return null;
  const [kind, ...rest] = value;
  if (kind === 'error') return new Error(String(rest[0]));
  return kind === 'status' ? String(rest[0]) : rest.map(unwrapReply);
}
