import '@angular/compiler';
import {
  HttpClient,
  HttpErrorResponse,
  HttpEventType,
  provideHttpClient,
  withFetch,
  withInterceptors,
  withXhr,
} from '@angular/common/http';
import { createEnvironmentInjector } from '@angular/core';
import { createApplication } from '@angular/platform-browser';
import { firstValueFrom, map, toArray } from 'rxjs';

const addField = (request, next) => next(request.clone({ setHeaders: { 'X-A': 'intercepted' } }));

const states = map((event) => [HttpEventType[event.type], event.loaded ?? event.status]);

/** Angular's HttpClient, by XMLHttpRequest and by fetch. */
export function createAngularCases() {
  const application = createApplication();
  const create = (name, backend, progress) => {
    const client = application.then(({ injector }) =>
      createEnvironmentInjector([provideHttpClient(backend, withInterceptors([addField]))], injector).get(
        HttpClient,
      ),
    );
    const ask = async (choose) => firstValueFrom(choose(await client));
    return {
      [`${name}: GET`]: (base) => ask((http) => http.get(`${base}/echo`, { params: { a: 1 } })),
      [`${name}: POST`]: (base) =>
        ask((http) => http.post(`${base}/echo`, { a: 1 }, { withCredentials: true })),
      [`${name}: error`]: (base) =>
        ask((http) => http.get(`${base}/status?code=403`)).catch((error) => [
          error instanceof HttpErrorResponse,
          error.status,
          error.error,
        ]),
      [`${name}: progress`]: async (base) => {
        const events = await ask((http) =>
          http
            .request('POST', `${base}/echo`, {
              body: 'x'.repeat(100_000),
              observe: 'events',
              responseType: 'text',
              ...progress,
            })
            .pipe(states, toArray()),
        );
        // How often progress is told is a matter of time.
        return [...new Map(events)];
      },
    };
  };
  return {
    ...create('Angular', withXhr(), { reportProgress: true }),
    ...create('Angular by fetch', withFetch(), { reportDownloadProgress: true }),
  };
}
