import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { ConfigurationError } from '../../src/protocol/error.ts';
import { assertKnownKeys } from '../../src/protocol/knownKeys.ts';
import { type BridgeState, createApp } from './createApp.ts';
import type { BridgeFault } from './fault.ts';
import { type BackendChoice, openBackend } from './openBackend.ts';

export type DevRedisOptions = {
  /** The port on 127.0.0.1; 0, the default, takes a free one. */
  port?: number;
  /** What callers send as bearer: visible ASCII. Random by default. */
  token?: string;
  /** A Redis to use, as `redis://` or `rediss://` URL. */
  redisUrl?: string | undefined;
  /** Which Redis to use; `auto` by default, see `BackendChoice`. */
  backend?: BackendChoice;
};

export type DevRedis = {
  /** The value for UPSTASH_REDIS_REST_URL. */
  readonly url: string;
  /** The value for UPSTASH_REDIS_REST_TOKEN. */
  readonly token: string;
  /** Which Redis is behind it, for people. */
  readonly backend: string;
  /** The id of the redis-server process that this bridge started; undefined when it started none. */
  readonly processId: number | undefined;
  /** HTTP requests taken so far, refused ones too. */
  readonly requests: number;
  /** Redis commands in those requests, each item of a pipeline or transaction counted. */
  readonly commands: number;
  /** Misbehaves from the next request on; `undefined` ends it. */
  setFault(fault: BridgeFault | undefined): void;
  /** Stops listening, cuts what is under way, ends the Redis that it started. May be called twice. */
  close(): Promise<void>;
};

/**
 * Starts a server on 127.0.0.1 that speaks Upstash's REST protocol over a real Redis or one in memory.
 * @throws {ConfigurationError} a TypeError: an option cannot be meant, or is none
 * @throws Error when the port is in use, or the Redis asked for is not there
 */
export async function startDevRedis(options: DevRedisOptions = {}): Promise<DevRedis> {
  assertKnownKeys('startDevRedis', options, ['port', 'token', 'redisUrl', 'backend']);
  const { port = 0, token = randomBytes(24).toString('base64url') } = options;
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new ConfigurationError(['startDevRedis: port must be 0 to 65535.']);
  }
  if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token)) {
    throw new ConfigurationError(['startDevRedis: token must be visible ASCII without spaces.']);
  }

  const backend = await openBackend(options.backend ?? 'auto', options.redisUrl);
  const state: BridgeState = { requests: 0, commands: 0, fault: undefined };
  const server = createServer(getRequestListener(createApp(backend, token, state).fetch));
  // Callers keep connections for long: without this, one that is idle is cut just as a request comes in.
  server.keepAliveTimeout = 60_000;
  try {
    // Node's own backlog of 511 makes the rest of a thousand callers try again a second later.
    server.listen({ port, host: '127.0.0.1', backlog: 4_096 });
    await once(server, 'listening');
  } catch (error) {
    await backend.close();
    const inUse = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
    throw inUse ? new Error(`Port ${port} on 127.0.0.1 is in use.`) : error;
  }

  let closed: Promise<void> | undefined;
  const close = async () => {
    const ended = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await ended;
    await backend.close();
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    token,
    backend: backend.words,
    processId: backend.processId,
    get requests() {
      return state.requests;
    },
    get commands() {
      return state.commands;
    },
    setFault(fault) {
      state.fault = fault;
    },
    close() {
      closed ??= close();
      return closed;
    },
  };
}
