import { datadogRum } from '@datadog/browser-rum';

datadogRum.init({
  applicationId: 'a',
  clientToken: 'pub',
  site: 'datadoghq.com',
  proxy: () => '/collect',
  sessionSampleRate: 100,
  trackResources: true,
});
