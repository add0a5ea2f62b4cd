import autocannon from 'autocannon';
import { spreadOf } from './spread.ts';

export interface LoadOptions {
  url: string;
  /** Each sends its next call when the one before is answered. */
  connections: number;
  /** Of all connections together: a multiple of `connections`. */
  calls: number;
  /** The bearers of one connection, in turn. */
  bearersOf(connection: number): readonly string[];
  /** What each answer must be, status 200. */
  body: string;
}

/**
 * Sends calls over kept connections.
 * @returns how long a call took from its sending to the end of its answer, median, in milliseconds
 * @throws Error when any call fails, or is answered otherwise
 */
export async function load(options: LoadOptions): Promise<{ latencyMilliseconds: number }> {
  const { url, connections, calls, bearersOf, body } = options;
  const latencies: number[] = [];
  let connection = 0;
  const result = await new Promise<autocannon.Result>((resolve, reject) => {
    const instance = autocannon(
      {
        url,
        connections,
        amount: calls,
        expectBody: body,
        timeout: 60,
        setupClient(client) {
          const bearers = bearersOf(connection);
          connection += 1;
          client.setRequests(
            bearers.map((bearer) => ({ method: 'GET', headers: { authorization: `Bearer ${bearer}` } })),
          );
        },
      },
      (error, finished) => (error ? reject(error) : resolve(finished)),
    );
    instance.on('response', (_client, _status, _bytes, milliseconds) => latencies.push(milliseconds));
  });
  const { errors, mismatches, '2xx': succeeded, statusCodeStats } = result;
  if (errors > 0 || mismatches > 0 || succeeded !== calls) {
    const statuses = JSON.stringify(statusCodeStats);
    throw new Error(
      `${url}: of ${calls} calls ${errors} broke, ${mismatches} had another body; statuses ${statuses}.`,
    );
  }
  return { latencyMilliseconds: spreadOf(latencies).median };
}
