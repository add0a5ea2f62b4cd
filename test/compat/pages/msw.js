import { FetchInterceptor } from '@mswjs/interceptors/fetch';
import { XMLHttpRequestInterceptor } from '@mswjs/interceptors/XMLHttpRequest';

globalThis.recorded = [];

for (const interceptor of [new FetchInterceptor(), new XMLHttpRequestInterceptor()]) {
  interceptor.apply();
  interceptor.on('request', ({ request }) => {
    globalThis.recorded.push([request.method, request.url]);
  });
}
