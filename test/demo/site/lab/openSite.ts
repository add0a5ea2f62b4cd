import type { Answered, Send, SendOptions } from '../../../../demo/site/wire/exchange.ts';

type Answerer = (method: string, path: string, options: SendOptions) => Response | undefined;

/**
 * A site that refuses nothing, as `send` of the attack lab sees it.
 * @param answerer answers in its stead where it wants to
 */
export function openSite(answerer: Answerer = () => undefined): {
  send: Send;
  requests: string[];
} {
  const requests: string[] = [];
  const send: Send = async (method, path, options = {}) => {
    requests.push(`${method} ${path}`);
    const { headers = {}, body } = options;
    const request = {
      method,
      path,
      headers,
      ...(body instanceof URLSearchParams && {
        form: Object.fromEntries(body),
      }),
    };
    const response = answerer(method, path, options) ?? welcome();
    const text = await response.text();
    const answer: Answered = {
      status: response.status,
      headers: response.headers,
      body: text === '' ? undefined : JSON.parse(text),
      milliseconds: 1,
    };
    return { request, answer };
  };
  return { send, requests };
}

/** What every address of it answers: all that anybody could wish for. */
function welcome(): Response {
  const body = {
    access_token: 'eyJ.eyJ.x',
    expires_in: 300,
    token: 'eyJ.eyJ.x',
    id: 'id',
    identityToken: 'eyJ.eyJ.x',
  };
  const headers = {
    'ratelimit-policy': '"session";q=60;w=60, "address";q=600;w=60',
    // A bucket of its own for each call.
    ratelimit: '"session";r=59;t=60, "address";r=599;t=60',
  };
  return Response.json(body, { headers });
}

/** A refusal as the gate words it. */
export function refusal(status: number, code: string, headers: Record<string, string> = {}): Response {
  return Response.json({ code, detail: 'No.' }, { status, headers });
}
