import { attach } from './attach.ts';
import { createSession, type Session } from './createSession.ts';
import { checkOptions, resolveAddress } from './options.ts';

declare global {
  /** The session of the script tag. */
  var daypass: Session;
}

// Each option of `createSession` is an attribute here: data-identity-url, data-broker-url, data-audience …
const data = { ...document.currentScript?.dataset };
// As the page resolves it: `import` would start from this script's own address.
const proofModule = data.proof ? resolveAddress(data.proof).href : undefined;
const options = checkOptions({
  ...data,
  prove: proofModule ? async (context) => (await import(proofModule)).prove(context) : undefined,
});

const prefixes = data.api?.match(/\S+/g);
globalThis.daypass = createSession(options);
if (!prefixes) throw new TypeError('Daypass: name your API, such as data-api="/api/"');
attach(globalThis.daypass.fetch, prefixes, options);
