/**
 * What Safari 15.4 lacks of the language and of the web: the part that code such as the client's might call. After each
 * name the first Safari that has it, `never` where none does yet (MDN's browser-compat-data 8.1.9).
 */
const firstVersions = `
  AbortSignal.any 17.4
  AbortSignal.timeout 16
  Array.fromAsync 16.4
  Array.prototype.toReversed 16
  Array.prototype.toSorted 16
  Array.prototype.toSpliced 16
  Array.prototype.with 16
  ArrayBuffer.prototype.resize 16.4
  ArrayBuffer.prototype.transfer 17.4
  AsyncDisposableStack 27.3
  Atomics.pause 18.4
  Atomics.waitAsync 16.4
  Blob.prototype.bytes 18
  CompressionStream 16.4
  CookieStore 18.4
  DecompressionStream 16.4
  DisposableStack 27.3
  Document.parseHTML never
  Document.parseHTMLUnsafe 26
  Document.prototype.prerendering never
  Document.prototype.startViewTransition 18
  Document.prototype.wasDiscarded never
  Element.prototype.checkVisibility 17.4
  Element.prototype.getHTML 18
  Element.prototype.moveBefore never
  Element.prototype.setHTML never
  Element.prototype.setHTMLUnsafe 26
  Error.captureStackTrace 17.2
  Error.isError 18.4
  EventTarget.prototype.when never
  Float16Array 18.2
  HTMLScriptElement.prototype.blocking 18.2
  HTMLScriptElement.prototype.fetchPriority 17.2
  HTMLScriptElement.supports 16
  Headers.prototype.getSetCookie 17
  Iterator 18.4
  JSON.rawJSON 18.4
  Map.groupBy 17.4
  Map.prototype.getOrInsert 26.2
  Map.prototype.getOrInsertComputed 26.2
  NavigateEvent 26.2
  Navigation 26.2
  Navigator.prototype.connection never
  Navigator.prototype.deviceMemory never
  Navigator.prototype.permissions 16
  Navigator.prototype.scheduling never
  Navigator.prototype.storageBuckets never
  Navigator.prototype.userActivation 16.4
  Navigator.prototype.userAgentData never
  Navigator.prototype.wakeLock 16.4
  NetworkInformation never
  Object.groupBy 17.4
  Observable never
  PageRevealEvent 18.2
  PageSwapEvent 18.2
  Promise.try 18.2
  Promise.withResolvers 17.4
  ReadableStream.from 27
  ReadableStreamBYOBReader 26.4
  RegExp.escape 18.2
  Request.prototype.bytes 18
  Request.prototype.duplex 27.3
  Response.json 17
  Response.prototype.bytes 18
  Scheduler never
  Set.prototype.difference 17
  Set.prototype.intersection 17
  Set.prototype.isDisjointFrom 17
  Set.prototype.isSubsetOf 17
  Set.prototype.isSupersetOf 17
  Set.prototype.symmetricDifference 17
  Set.prototype.union 17
  SharedWorker 16
  String.prototype.isWellFormed 16.4
  String.prototype.toWellFormed 16.4
  SuppressedError 27.3
  TaskController never
  TaskSignal never
  Temporal 27.3
  TrustedHTML 26
  TrustedScript 26
  TrustedScriptURL 26
  TrustedTypePolicy 26
  TrustedTypePolicyFactory 26
  URL.canParse 17
  URL.parse 18
  URLPattern 26
  URLSearchParams.prototype.size 17
  Uint8Array.fromBase64 18.2
  Uint8Array.fromHex 18.2
  Uint8Array.prototype.setFromBase64 18.2
  Uint8Array.prototype.setFromHex 18.2
  Uint8Array.prototype.toBase64 18.2
  Uint8Array.prototype.toHex 18.2
  UserActivation 16.4
  WeakMap.prototype.getOrInsert 26.2
  WeakMap.prototype.getOrInsertComputed 26.2
  cookieStore 18.4
  fetchLater never
  navigation 26.2
  originAgentCluster 27.3
  requestIdleCallback never
  scheduler never
  trustedTypes 26
`;

/** Names as in `Array.prototype.with`, `URL.canParse`, `scheduler`. */
export const missingNames = [...firstVersions.matchAll(/^ {2}(\S+) (?:[\d.]+|never)$/gm)].map(
  ([, name = '']) => name,
);

/**
 * A script that takes from the browser what Safari 15.4 lacks, for a page before its own scripts run, or for a worker.
 * Also what has the name of what it does have elsewhere: methods of iterators, of typed arrays and of streams.
 */
export const deleteMissing = `{
  const iterator = Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]()));
  for (const name of Object.getOwnPropertyNames(iterator)) delete iterator[name];
  for (const name of ['values', Symbol.asyncIterator]) delete ReadableStream.prototype[name];
  const typed = Object.getPrototypeOf(Uint8Array).prototype;
  for (const name of ['toReversed', 'toSorted', 'with']) delete typed[name];
  for (const name of ${JSON.stringify(missingNames)}) {
    const path = name.split('.');
    const last = path.pop();
    const owner = path.reduce((value, key) => value?.[key], globalThis);
    if (owner) delete owner[last];
  }
}
`;

/**
 * Where a script calls what Safari 15.4 lacks without looking first (`AbortSignal.timeout?.(…)`,
 * `globalThis.trustedTypes?.…`, `typeof scheduler`).
 * @returns the names
 */
export function missingCalls(script: string): string[] {
  return missingNames.filter((name) => {
    const path = name.split('.');
    const last = path.at(-1);
    if (path.includes('prototype')) return new RegExp(`\\.${last}\\(`).test(script);
    if (path.length === 2) return new RegExp(`\\b${path.join('\\.')}\\b(?!\\?\\.)`).test(script);
    return new RegExp(`(?<![\\w$.'"-]|typeof )${last}\\b(?!['"]|\\??:)`).test(script);
  });
}
