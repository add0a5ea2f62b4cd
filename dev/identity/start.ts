import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { ConfigurationError } from '../../src/protocol/error.ts';
import { isRecord } from '../../src/protocol/knownKeys.ts';
import { createDevIdentity, type DevIdentity } from './create.ts';
import type { DevIdentityOptions } from './options.ts';

export type DevIdentityServer = DevIdentity & {
  /** Where it listens, without a slash at the end. */
  url: string;
  /** Stops listening and drops the connections that are open. */
  close(): Promise<void>;
};

/**
 * Starts the dev identity on 127.0.0.1.
 * @param options `port` is a free one by default
 * @throws {ConfigurationError} a TypeError: an option makes no sense, or is none; Error with code EADDRINUSE when the port is taken
 */
export async function startDevIdentity(
  options: DevIdentityOptions & { port?: number } = {},
): Promise<DevIdentityServer> {
  if (!isRecord(options)) throw new ConfigurationError(['startDevIdentity: the options must be an object.']);
  const { port: wantedPort = 0, ...identityOptions } = options;
  if (!Number.isInteger(wantedPort) || wantedPort < 0 || wantedPort > 65_535) {
    throw new ConfigurationError(['startDevIdentity: port must be 0 to 65535.']);
  }
  const identity = createDevIdentity(identityOptions);
  const server = createAdaptorServer({ fetch: identity.fetch }) as Server;
  server.listen(wantedPort, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    ...identity,
    url: `http://127.0.0.1:${port}`,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
