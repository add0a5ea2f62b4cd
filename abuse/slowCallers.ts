import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { runNode } from '../test/support/runCommand.ts';
import { atMost, exactly, none } from './support/figures.ts';
import type { GateMemory } from './support/gateProcess.ts';
import { inParallel } from './support/inParallel.ts';
import { wideLimits } from './support/limits.ts';
import type { Measure } from './support/measure.ts';
import { outcomeOf, send } from './support/send.ts';

const uploads = 1500;
/** So many are sent at any moment. */
const atOnce = 50;
const announcedBytes = 1_000_000;
const mebibyte = 1024 * 1024;
/**
 * What V8 has not collected yet of the 1.5 GB that pass through, read and refused: it is in no hurry on a machine with
 * memory to spare. Without a budget the peak is 1.5 GB.
 */
const passingMebibytes = 256;
const policy = {
  limits: wideLimits(),
  routes: [{ path: '/api/open/*', verify: false }, { path: '/api/*' }],
};
const entry = fileURLToPath(new URL('support/gateProcess.ts', import.meta.url));

/** Uploads that stop one byte before their end cost a bounded amount of memory, for a short time, and affect no other caller. */
export const slowCallers: Measure = {
  name: 'slow-callers',
  what: `${uploads} uploads that stop one byte short of 1 MB, without a pass`,
  isTimed: true,
  async run(context) {
    const server = await context.startServer({ policy });
    const { bufferBytes } = server.policy.requestBody;
    const child = runNode(entry, {
      ...server.variables,
      GATE_POLICY: JSON.stringify(policy),
    });
    context.defer(() => child.process.kill('SIGKILL'));
    const url = await child.printed(/ready: (\S+)/);
    const token = await server.mint();
    const askMemory = async (query = '') =>
      JSON.parse((await send(`${url}/memory${query}`)).text) as GateMemory;

    const neighbour: Call[] = [];
    /** The neighbour's calls, one after the other, with a body and without. */
    async function callWhile(goesOn: () => boolean): Promise<Call[]> {
      const calls: Call[] = [];
      const headers = { authorization: `Bearer ${token}` };
      const form = { method: 'POST', headers, body: 'x'.repeat(2000) };
      while (goesOn()) {
        const started = performance.now();
        const isForm = calls.length % 2 === 1;
        const answer = await send(`${url}/api/${isForm ? 'echo' : 'hello'}`, isForm ? form : { headers });
        calls.push({ outcome: outcomeOf(answer), took: performance.now() - started });
        await sleep(5);
      }
      neighbour.push(...calls);
      return calls;
    }
    const callFor = (milliseconds: number) => {
      const end = performance.now() + milliseconds;
      return callWhile(() => performance.now() < end);
    };

    /** Uploads that send so many bytes and then nothing more, until each is answered. */
    async function stall(bytes: number) {
      const answers: string[] = [];
      let isOpening = true;
      const during = callWhile(() => isOpening);
      const sockets = await inParallel(uploads, atOnce, () =>
        openUpload(url, bytes, (answer) => answers.push(answer)),
      );
      isOpening = false;
      await during;
      // What the sockets still held is taken once no caller is refused any more; the others are given 10 s.
      for (let seen = -1; seen !== answers.length; await sleep(1000)) seen = answers.length;
      const { buffers } = await askMemory('?collect');
      const calls = await callFor(3000);
      const end = performance.now() + 30_000;
      while (answers.length < uploads && performance.now() < end) await sleep(100);
      for (const socket of sockets) socket.destroy();
      await sleep(1000);
      const { peak } = await askMemory();
      return { answers, calls, buffers, peak };
    }

    await callFor(2000);
    const before = await callFor(3000);
    const atFirst = await askMemory('?collect');
    const silent = await stall(0);
    const full = await stall(announcedBytes - 1);
    const atLast = await askMemory('?collect');
    const ends = full.answers.map((answer) => (['408', '503', 'closed'].includes(answer) ? 'ended' : answer));
    const held = (bytes: number) => (bytes - atFirst.buffers) / mebibyte;
    return [
      atMost(
        'bodies held while they stall, of those still under way too',
        held(full.buffers),
        (bufferBytes + atOnce * announcedBytes) / mebibyte,
        ' MiB',
      ),
      atMost(
        'memory at its peak, beyond that of as many uploads without a byte',
        (full.peak - silent.peak) / mebibyte,
        bufferBytes / mebibyte + passingMebibytes,
        ' MiB',
      ),
      atMost('bodies held afterwards', held(atLast.buffers), 1, ' MiB'),
      exactly('uploads that have ended', full.answers.length, uploads),
      none('of these, otherwise than by 408, 503 or the end of the connection', ends, 'ended'),
      none(
        "calls of a neighbour that fail, from the first upload's first byte on",
        neighbour.map(({ outcome }) => outcome),
        '200',
      ),
      atMost(
        'how much longer they take while the uploads stall (median)',
        median(full.calls) / median(before),
        2,
        ' times',
      ),
    ];
  },
};

interface Call {
  outcome: string;
  took: number;
}

/** Sends the head of an upload and a part of its body. Resolves once that is written, or the upload has ended. */
function openUpload(url: string, bytes: number, onEnd: (how: string) => void): Promise<Socket> {
  const { hostname, port, host } = new URL(url);
  const head = `POST /api/open/x HTTP/1.1\r\nHost: ${host}\r\nContent-Length: ${announcedBytes}\r\n\r\n`;
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    let isOver = false;
    const end = (how: string) => {
      if (!isOver) onEnd(how);
      isOver = true;
      resolve(socket);
    };
    socket.once('data', (answer) =>
      end(/^HTTP\/1\.1 (\d+)/.exec(answer.toString('latin1'))?.[1] ?? 'no HTTP'),
    );
    // A server that refuses an upload need not take the rest of it.
    socket.on('error', () => end('closed'));
    socket.on('close', () => end('closed'));
    socket.write(Buffer.concat([Buffer.from(head), Buffer.alloc(bytes, 7)]), () => resolve(socket));
  });
}

function median(calls: readonly Call[]): number {
  const times = calls.map(({ took }) => took).sort((a, b) => a - b);
  return times[Math.floor(times.length / 2)] ?? Number.NaN;
}
