import { attach } from './attach.ts';
import { createSession, type Session } from './createSession.ts';
import { checkOptions } from './options.ts';

declare global {
  /** The session of the script tag. */
  var daypass: Session;
}

// Each option of `createSession` is an attribute here: data-identity-url, data-broker-url, data-audience …
const data = { ...document.currentScript?.dataset };
const options = checkOptions(data);

const prefixes = data.api?.match(/\S+/g);
globalThis.daypass = createSession(options);
if (prefixes) attach(globalThis.daypass.fetch, prefixes, options);
else console.error('Daypass: name your API in <script src="/daypass.js" data-api="/api/">');
