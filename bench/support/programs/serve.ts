import { createInterface } from 'node:readline';
import { type Handler, listen } from '../../../dev/listen.ts';

/** What a program says of itself when it is asked, as one line of JSON. */
export interface Usage {
  /** CPU time of all threads so far, user and system, in microseconds. */
  cpuMicroseconds: number;
  /** HTTP requests that it was sent so far. Only of Redis's bridge. */
  requests?: number;
}

/** Begins the lines that are for the parent: what else a program prints is its log. */
export const mark = '> ';

interface DenoServer {
  addr: { port: number };
}
interface DenoRuntime {
  serve(
    options: { port: number; hostname: string; onListen(): void },
    handler: (request: Request, info: { remoteAddr: { hostname: string } }) => Response | Promise<Response>,
  ): DenoServer;
}
const { Deno: deno } = globalThis as { Deno?: DenoRuntime };

/**
 * Serves a handler as a program of its own, with the runtime's own server: node:http or `Deno.serve`. `startProgram` has
 * started it, and talks to it: `ready` reports the URL, each line of standard input is answered with the usage, and the end
 * of standard input, which comes with the parent's own end, ends it.
 */
export async function serveProgram(handler: Handler): Promise<void> {
  ready(deno ? serveDeno(deno, handler) : (await listen(handler)).url);
}

/**
 * Reports to the parent that the program answers at this URL.
 * @param more what it reports in addition to its CPU time
 */
export function ready(url: string, details: object = {}, more: () => Partial<Usage> = () => ({})): void {
  createInterface({ input: process.stdin })
    .on('line', () => {
      const { user, system } = process.cpuUsage();
      const usage: Usage = { cpuMicroseconds: user + system, ...more() };
      console.log(mark + JSON.stringify(usage));
    })
    .on('close', () => process.exit());
  console.log(mark + JSON.stringify({ url, ...details }));
}

function serveDeno(runtime: DenoRuntime, handler: Handler): string {
  const options = { port: 0, hostname: '127.0.0.1', onListen: () => undefined };
  const server = runtime.serve(options, (request, { remoteAddr }) => handler(request, remoteAddr.hostname));
  return `http://127.0.0.1:${server.addr.port}`;
}
