import { nearest } from '../src/protocol/nearest.ts';
import { attach, replaceFetch } from './attach.ts';
import { createSession, type Session, unknownOption } from './createSession.ts';
import { checkOptions, resolveAddress } from './options.ts';

declare global {
  /** The session of the script tag. */
  var daypass: Session;
}

// By the browser's own getter: an element of the page that is named `currentScript` hides the property.
const script: HTMLOrSVGScriptElement | null = Reflect.get(Document.prototype, 'currentScript', document);
// Each option of `createSession` is an attribute here: data-identity-url, data-broker-url, data-audience …
const data = { ...script?.dataset };
const prefixes = data.api?.match(/\S+/g) ?? [];

try {
  globalThis.daypass = start();
} catch (error) {
  globalThis.daypass = refuse(error);
  throw error;
}

/** @throws TypeError when an attribute is missing, malformed or misspelt */
function start(): Session {
  // As the page resolves it: `import` would start from this script's own address.
  const proofModule = data.proof ? resolveAddress(data.proof).href : undefined;
  const options = checkOptions({
    ...data,
    prove: proofModule ? async (context) => (await import(proofModule)).prove(context) : undefined,
  });
  const names = [...Object.keys(options), 'api', 'proof'];
  for (const name in data) {
    // Other tools have attributes of their own.
    const near = names.includes(name) ? name : nearest(name, names);
    if (near && !(near in data)) throw new TypeError(unknownOption(`data-${name}`, [`data-${near}`]));
  }
  if (!prefixes[0]) throw new TypeError('Daypass: name your API, such as data-api="/api/"');
  const session = createSession(options);
  session.attach(prefixes);
  return session;
}

/**
 * Stands in for a session that cannot be: every call that wants a token fails with the reason. What the page meant to
 * cover is known from the prefixes that can be read, and from answers that ask for a token (RFC 6750 §3).
 */
function refuse(reason: unknown): Session {
  const fail = () => Promise.reject(reason);
  const { identityUrl, brokerUrl } = checkOptions({});
  const found = replaceFetch(() => async (input, init) => {
    const response = await found(input, init);
    const isMeant = response.status === 401 && /^Bearer/i.test(`${response.headers.get('www-authenticate')}`);
    return isMeant ? fail() : response;
  });
  for (const prefix of prefixes) {
    try {
      attach(fail, [prefix], { identityUrl, brokerUrl });
    } catch {
      // It names nothing that could be covered.
    }
  }
  return { fetch: fail, token: fail, revoke: fail, attach: fail, on: () => () => {} };
}
