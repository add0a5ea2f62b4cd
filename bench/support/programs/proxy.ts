import { Hono } from 'hono';
import { proxy } from 'hono/proxy';
import { serveProgram } from './serve.ts';

// The usual way to write a plain proxy (Hono, "Proxy Helper").

const { BENCH_UPSTREAM: upstream = '' } = process.env;
const app = new Hono();
app.all('/api/*', (context) => proxy(upstream + context.req.path, context.req));

await serveProgram((request) => app.fetch(request));
