import { FetchInterceptor } from '@mswjs/interceptors/fetch';
import { XMLHttpRequestInterceptor } from '@mswjs/interceptors/XMLHttpRequest';

for (const interceptor of [new FetchInterceptor(), new XMLHttpRequestInterceptor()]) interceptor.apply();
