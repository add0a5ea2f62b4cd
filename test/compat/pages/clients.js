import axios from 'axios';
import $ from 'jquery';
import ky from 'ky';

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
  'jQuery: GET': (base) => $.get(`${base}/text`),
  'jQuery: POST': (base) => $.post(`${base}/echo`, { a: 1 }),
  'jQuery: JSON': (base) =>
    $.ajax(`${base}/echo`, {
      method: 'PUT',
      contentType: 'application/json',
      data: '{}',
      headers: { 'X-A': '1' },
    }),
  'jQuery: error': (base) =>
    $.ajax(`${base}/status?code=422`).then(
      () => 'none',
      (x, text) => [x.status, text, x.responseJSON],
    ),
  'jQuery: timeout': (base) =>
    $.ajax(`${base}/never`, { timeout: 1500 }).then(
      () => 'none',
      (_, text) => text,
    ),
};

globalThis.runClients = async (base) => {
  const results = {};
  for (const [name, run] of Object.entries(cases)) {
    results[name] = await Promise.resolve(run(base)).catch((error) => `thrown: ${error}`);
  }
  return JSON.stringify(results);
};
