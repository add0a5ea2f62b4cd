import { createHash } from 'node:crypto';
import { jwtVerify } from 'jose';

/**
 * Takes the events of an Identity elsewhere, whose webhook points here.
 * @param secret the key of its webhooks; without one nobody is believed
 * @param receive gets what Identity has signed
 */
export async function receiveSignedEvent(
  request: Request,
  secret: string | undefined,
  receive: (request: Request) => Promise<Response>,
): Promise<Response> {
  const { url, headers } = request;
  const body = await request.text();
  if (!secret || !(await isSigned(headers, body, secret))) {
    return new Response(
      'Only Identity may call this: set IDENTITY_JWT_SECRET to the key of its webhooks.\n',
      {
        status: 401,
      },
    );
  }
  return receive(new Request(url, { method: 'POST', headers, body }));
}

/** `x-webhook-signature` is a JWS over the hash of the body (netlify/gotrue, api/hooks.go). */
async function isSigned(headers: Headers, body: string, secret: string): Promise<boolean> {
  try {
    const signature = headers.get('x-webhook-signature') ?? '';
    const key = new TextEncoder().encode(secret);
    const { payload } = await jwtVerify(signature, key, { algorithms: ['HS256'], issuer: 'gotrue' });
    return payload.sha256 === createHash('sha256').update(body).digest('hex');
  } catch {
    return false;
  }
}
