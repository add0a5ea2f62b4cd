import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type IncomingMessage, request, type ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Something in front of a dev server that ends TLS, as ngrok and cloudflared do. */
export interface Tunnel {
  /** What visitors see. */
  url: string;
  /** Leads to the server of this URL from now on. */
  leadTo(url: string): void;
  close(): Promise<void>;
}

export interface TunnelOptions {
  /** Whether `Host` names its own end, as with ngrok's `--host-header=rewrite`. */
  rewritesHost?: boolean;
  /** Answers in the place of the server, or lets pass what it returns false for. */
  guard?: (request: IncomingMessage, response: ServerResponse) => boolean;
}

/** Starts a tunnel on a free port of this machine, with a certificate that nobody signed. */
export async function startTunnel(options: TunnelOptions = {}): Promise<Tunnel> {
  let target = new URL('http://127.0.0.1:1');
  const server = createServer(makeCertificate(), (incoming, answer) => {
    if (options.guard?.(incoming, answer)) return;
    const { method, url: path, headers } = incoming;
    const host = headers.host ?? '';
    const outgoing = request(target, {
      method,
      path,
      headers: {
        ...headers,
        host: options.rewritesHost ? target.host : host,
        'x-forwarded-for': '203.0.113.9',
        'x-forwarded-host': host,
        'x-forwarded-proto': 'https',
      },
    });
    outgoing.on('response', (response) => {
      answer.writeHead(response.statusCode ?? 502, response.headers);
      response.pipe(answer);
    });
    outgoing.on('error', () => answer.destroy());
    incoming.pipe(outgoing);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `https://tunnel.localhost:${port}`,
    leadTo(url) {
      // The name would be looked up, and may be ::1.
      target = new URL(url.replace('//localhost', '//127.0.0.1'));
    },
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function makeCertificate(): { key: Buffer; cert: Buffer } {
  const folder = mkdtempSync(join(tmpdir(), 'daypass-tunnel-'));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  try {
    const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
    execFileSync('openssl', ['req', ...kind, '-subj', '/CN=tunnel', '-keyout', key, '-out', cert], {
      stdio: 'ignore',
    });
    return { key: readFileSync(key), cert: readFileSync(cert) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
