import { setTimeout as delay } from 'node:timers/promises';
import { type Context, Hono } from 'hono';
import { type Backend, BackendAway, type Command, type Reply } from './backend.ts';
import { encodeReply } from './encodeReply.ts';
import type { BridgeFault } from './fault.ts';
import { parseCommand, parseCommands, parsePath, UnreadableCommand } from './parseCommand.ts';
import { refuseCommand } from './refuseCommand.ts';

/** What changes while a bridge runs. */
export type BridgeState = { requests: number; commands: number; fault: BridgeFault | undefined };

const methods = ['GET', 'HEAD', 'POST', 'PUT'];

/** Upstash's REST protocol over a backend (Upstash, "REST API"). */
export function createApp(backend: Backend, token: string, state: BridgeState): Hono {
  const app = new Hono();
  const authorization = `Bearer ${token}`;

  app.use(async (context, next) => {
    state.requests += 1;
    const { fault } = state;
    if (fault?.kind === 'hang') return new Promise<never>(() => undefined);
    if (fault?.kind === 'bad-gateway') return context.text('Bad Gateway', 502);
    if (fault?.kind === 'rubbish') return context.html('<p>It works!</p>');
    if (context.req.header('authorization') !== authorization) {
      return context.json({ error: 'WRONGPASS invalid or missing auth token' }, 401);
    }
    if (!methods.includes(context.req.method)) return context.body(null, 405, { allow: methods.join(', ') });
    await next();
    if (fault?.kind === 'slow') await delay(fault.delayMilliseconds);
    return undefined;
  });

  app.all('/', async (context) => answerOne(context, parseCommand(await context.req.text())));
  app.all('/pipeline', async (context) => {
    const replies = await run(parseCommands(await context.req.text(), 'pipeline'));
    return context.json(replies.map((reply) => toItem(reply, context)));
  });
  app.all('/multi-exec', async (context) => {
    const commands = parseCommands(await context.req.text(), 'transaction');
    const refusal = commands.map(refuseCommand).find((reason) => reason !== undefined);
    state.commands += commands.length;
    const replies = refusal ?? (await backend.transact(commands));
    if (replies instanceof Error) return context.json({ error: replies.message }, 400);
    return context.json(replies.map((reply) => toItem(reply, context)));
  });
  app.all('*', async (context) => {
    const { pathname, search } = new URL(context.req.url);
    return answerOne(context, parsePath(pathname, search, await context.req.text()));
  });

  app.onError((error, context) => {
    if (error instanceof UnreadableCommand) return context.json({ error: error.message }, 400);
    if (error instanceof BackendAway)
      return context.json({ error: `ERR Redis is away: ${error.message}` }, 503);
    throw error;
  });
  return app;

  async function answerOne(context: Context, command: Command): Promise<Response> {
    const [reply = null] = await run([command]);
    return context.json(toItem(reply, context), reply instanceof Error ? 400 : 200);
  }

  async function run(commands: Command[]): Promise<Reply[]> {
    state.commands += commands.length;
    const refusals = commands.map(refuseCommand);
    const replies = await backend.run(commands.filter((_, index) => refusals[index] === undefined));
    return refusals.map((refusal) => refusal ?? (replies.shift() as Reply));
  }
}

function toItem(reply: Reply, context: Context): { result: unknown } | { error: string } {
  if (reply instanceof Error) return { error: reply.message };
  return { result: encodeReply(reply, context.req.header('upstash-encoding') === 'base64') };
}
