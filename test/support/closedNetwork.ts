import { Socket } from 'node:net';

// Tests talk to this machine alone: a connection to anywhere else is a fault of the test, and fails loudly.

type Target = { host?: string; path?: string } | undefined;

const loopback = /^(localhost|127(\.\d{1,3}){3}|::1|::ffff:127(\.\d{1,3}){3})$/;
const connect = Socket.prototype.connect;

function targetOf(args: unknown[]): Target {
  const [first, second] = args;
  const normalised = Array.isArray(first) ? first[0] : first;
  if (typeof normalised === 'object' && normalised !== null) return normalised as Target;
  if (typeof normalised === 'string') return { path: normalised };
  return typeof second === 'string' ? { host: second } : {};
}

Socket.prototype.connect = function guarded(this: Socket, ...args: unknown[]) {
  const target = targetOf(args);
  const host = target?.host ?? 'localhost';
  if (target?.path === undefined && !loopback.test(host)) {
    throw new Error(`A test tried to reach ${host}: tests stay on loopback.`);
  }
  return Reflect.apply(connect, this, args);
} as typeof connect;
