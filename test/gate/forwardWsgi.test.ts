import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { forward } from '../../src/gate/forward.ts';
import { readBody } from '../../src/gate/readBody.ts';
import { forwardedHeaders } from '../../src/gate/requestHeaders.ts';
import { systemClock } from '../../src/limits/requestBodies.ts';
import { definePolicy } from '../../src/policy/define.ts';
import { patientBodies } from '../support/bodies.ts';
import { describeWith } from '../support/optional.ts';

// wsgiref does not read chunked bodies, as PEP 3333 lets it: what it counts is what CONTENT_LENGTH announced.
const server = `
import hashlib, wsgiref.simple_server as wsgi
def app(environ, start_response):
    body = environ['wsgi.input'].read(int(environ.get('CONTENT_LENGTH') or 0))
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [f"{environ['REQUEST_METHOD']} {len(body)} {hashlib.sha256(body).hexdigest()}".encode()]
class Quiet(wsgi.WSGIRequestHandler):
    def log_message(self, *args): pass
with wsgi.make_server('127.0.0.1', 0, app, handler_class=Quiet) as httpd:
    print(httpd.server_port, flush=True)
    httpd.serve_forever()
`;

describeWith('python3')('a WSGI server', () => {
  let target: URL;
  let stop = () => {};

  beforeAll(async () => {
    const child = spawn('python3', ['-c', server], { stdio: ['ignore', 'pipe', 'inherit'] });
    stop = () => child.kill();
    for await (const line of createInterface(child.stdout)) {
      target = new URL(`http://127.0.0.1:${line}/`);
      return;
    }
    throw new Error('python3 ended before it listened.');
  });
  afterAll(() => stop());

  async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
    return Buffer.from(await crypto.subtle.digest('SHA-256', bytes)).toString('hex');
  }

  test.each([1, 1_000, 65_536, 1024 * 1024, 10 * 1024 * 1024])(
    'receives a POST body of %i bytes whole',
    async (length) => {
      const bytes = Uint8Array.from({ length }, (_, index) => index % 251);
      // As a stream, so that only the gate's buffering can give it a length.
      const body = new Blob([bytes]).stream();
      const init: RequestInit & { duplex: 'half' } = { method: 'POST', body, duplex: 'half' };
      const request = new Request('https://site.example/api/x', init);
      const { maxBodyBytes } = definePolicy().upstream;
      const outgoing = await readBody(request, { bodies: patientBodies, maxBodyBytes, stream: false });
      const headers = forwardedHeaders(request, { url: new URL(request.url) });
      const options = {
        target,
        upstream: 'DAYPASS_UPSTREAM',
        headers,
        body: outgoing,
        timeoutSeconds: 10,
        clock: systemClock,
      };
      const response = await forward(request, options);
      expect(await response.text()).toBe(`POST ${length} ${await sha256(bytes)}`);
    },
  );
});
