import axios from 'axios';
import jquery from 'jquery';
import jquery3 from 'jquery3';
import ky from 'ky';
import { createAngularCases } from './angular.js';

/** A form with a file of 100 000 bytes. */
function makeForm() {
  const form = new FormData();
  form.append('a', '1');
  form.append('file', new File(['x'.repeat(100_000)], 'x.txt', { type: 'text/plain' }));
  return form;
}

/** Length and beginning of what the API got. */
const brief = ({ headers, body }) => [headers, body.length, body.slice(0, 300)];

/** The first part of an answer that ends later. */
async function readFirst(response) {
  const reader = response.body.getReader();
  const { value } = await reader.read();
  await reader.cancel();
  return new TextDecoder().decode(value);
}

/** Sends by axios, and adds the last state of its upload. */
async function upload(client, address) {
  let last;
  const { data } = await client.post(address, makeForm(), {
    onUploadProgress: ({ loaded, total, progress }) => {
      last = [loaded, total, progress];
    },
  });
  return [last, brief(data)];
}

const intercepted = axios.create();
intercepted.interceptors.request.use((config) => {
  config.headers.set('X-A', 'intercepted');
  return config;
});
intercepted.interceptors.response.use((response) => response.data.headers);

function createJqueryCases(name, $) {
  return {
    [`${name}: GET`]: (base) => $.get(`${base}/text`),
    [`${name}: POST`]: (base) => $.post(`${base}/echo`, { a: 1 }),
    [`${name}: JSON`]: (base) =>
      $.ajax(`${base}/echo`, {
        method: 'PUT',
        contentType: 'application/json',
        data: '{}',
        headers: { 'X-A': '1' },
      }),
    [`${name}: error`]: (base) =>
      $.ajax(`${base}/status?code=422`).then(
        () => 'none',
        (x, text) => [x.status, text, x.responseJSON],
      ),
    [`${name}: timeout`]: (base) =>
      $.ajax(`${base}/never`, { timeout: 1500 }).then(
        () => 'none',
        (_, text) => text,
      ),
    [`${name}: files`]: async (base) => {
      let last;
      const data = await $.ajax(`${base}/echo`, {
        method: 'POST',
        data: makeForm(),
        processData: false,
        contentType: false,
        xhr: () => {
          const xhr = new XMLHttpRequest();
          xhr.upload.onprogress = ({ loaded, total }) => {
            last = [loaded, total];
          };
          return xhr;
        },
      });
      return [last, brief(data)];
    },
    [`${name}: hook`]: (base) =>
      $.ajax(`${base}/echo`, {
        xhrFields: { withCredentials: true },
        beforeSend: (xhr) => {
          xhr.setRequestHeader('X-A', 'hooked');
        },
      }),
  };
}

/** What each client is tried with: a call of the API under `base`, and what the page sees of it. */
const cases = {
  'axios: query': (base) =>
    axios.get(`${base}/echo`, { params: { a: 1 }, headers: { 'X-A': '1' } }).then((r) => [r.status, r.data]),
  'axios: JSON': (base) => axios.post(`${base}/echo`, { a: 1 }).then((r) => r.data),
  'axios: form': (base) => axios.postForm(`${base}/echo`, { a: '1' }).then((r) => r.data),
  'axios: bytes': (base) =>
    axios.get(`${base}/bytes`, { responseType: 'arraybuffer' }).then((r) => [...new Uint8Array(r.data)]),
  'axios: error': (base) =>
    axios.get(`${base}/status?code=422`).catch((e) => [e.code, e.response.status, e.response.data]),
  'axios: timeout': (base) => axios.get(`${base}/never`, { timeout: 1500 }).catch((e) => e.code),
  'axios: abort': (base) =>
    axios.get(`${base}/never`, { signal: AbortSignal.timeout(700) }).catch((e) => e.code),
  'axios: fetch': (base) => axios.put(`${base}/echo`, { a: 1 }, { adapter: 'fetch' }).then((r) => r.data),
  'ky: JSON': (base) =>
    ky.post(`${location.origin}${base}/echo`, { json: { a: 1 }, searchParams: { b: 2 } }).json(),
  'ky: form': (base) => ky.put(`${location.origin}${base}/echo`, { body: new URLSearchParams('a=1') }).json(),
  'ky: error': (base) =>
    ky(`${location.origin}${base}/status?code=422`).catch((e) => [e.name, e.response.status]),
  'ky: retry': (base) =>
    ky(`${location.origin}${base}/flaky?until=2&${performance.now()}`, {
      retry: { limit: 2, delay: () => 1 },
    }).text(),
  'ky: timeout': (base) =>
    ky(`${location.origin}${base}/never`, { timeout: 1500, retry: 0 }).catch((e) => e.name),
  'axios: files': (base) => upload(axios, `${base}/echo`),
  'axios: interceptor': (base) => intercepted.get(`${base}/echo`),
  'axios: cookies': (base) =>
    axios.get(`${base}/echo`, { withCredentials: true }).then((r) => r.data.headers),
  'axios: stream': (base) =>
    axios
      .get(`${base}/begun?ends`, { adapter: 'fetch', responseType: 'stream' })
      .then(({ data }) => readFirst({ body: data })),
  'ky: files': (base) => ky.post(`${location.origin}${base}/echo`, { body: makeForm() }).json().then(brief),
  'ky: hooks': (base) => {
    const seen = [];
    const hooks = {
      beforeRequest: [({ request }) => request.headers.set('X-A', 'hooked')],
      afterResponse: [({ response }) => void seen.push(response.status)],
    };
    return ky(`${location.origin}${base}/echo`, { hooks })
      .json()
      .then(({ headers }) => [headers, seen]);
  },
  'ky: download': async (base) => {
    const last = [];
    const onDownloadProgress = (progress) => last.splice(0, 1, progress.transferredBytes);
    const text = await ky(`${location.origin}${base}/large`, { onDownloadProgress }).text();
    return [text.length, last];
  },
  'ky: cookies': (base) => ky(`${location.origin}${base}/echo`, { credentials: 'include' }).json(),
  'ky: stream': (base) => ky(`${location.origin}${base}/begun?ends`).then(readFirst),
  'fetch: stream': (base) => fetch(`${base}/begun?ends`).then(readFirst),
  'fetch: no cookies': (base) => fetch(`${base}/echo`, { credentials: 'omit' }).then((r) => r.json()),
  ...createJqueryCases('jQuery', jquery),
  ...createJqueryCases('jQuery 3', jquery3),
  ...createAngularCases(),
};

/** Runs them one after the other; those that wait for their end, all at once. */
globalThis.runClients = async (base) => {
  // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API tells of it later
  document.cookie = 'seen=yes';
  const results = {};
  const run = async (name) => {
    results[name] = await Promise.resolve(cases[name](base)).catch((error) => `thrown: ${error}`);
  };
  const names = Object.keys(cases);
  const isWaiting = (name) => /timeout|abort/.test(name);
  for (const name of names.filter((name) => !isWaiting(name))) await run(name);
  await Promise.all(names.filter(isWaiting).map(run));
  return JSON.stringify(results);
};
