import { datadogRum } from '@datadog/browser-rum';

globalThis.recorded = [];

datadogRum.init({
  applicationId: 'a',
  clientToken: 'pub',
  site: 'datadoghq.com',
  proxy: () => '/collect',
  sessionSampleRate: 100,
  trackResources: true,
  beforeSend: ({ type, resource }) => {
    if (type === 'resource' && /^(fetch|xhr)$/.test(resource.type)) {
      globalThis.recorded.push([resource.method, resource.url]);
    }
  },
});
